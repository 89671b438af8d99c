//! The nauthera binary.
fn main() {}
