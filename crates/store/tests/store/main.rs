//! The store as its users meet it, on real SQLite files.

#[cfg(test)]
mod calls;
#[cfg(test)]
mod counts;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod projecting;
#[cfg(test)]
mod schema;
