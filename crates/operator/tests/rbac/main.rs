//! What is shipped beside the binary for the rights of people and of the operator.

#[cfg(test)]
mod roles;
