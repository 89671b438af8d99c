//! Objects as an API server gives them.

#[cfg(test)]
mod judged;
