pub fn bits_flipped(_: u64, _: u64) -> crate::Outcome<crate::Row> { Err("later".into()) }
