//! The events as they are on the wire.

mod asked;
mod said;

pub(super) use asked::write;
pub(super) use said::read;

#[cfg(test)]
mod tests;
