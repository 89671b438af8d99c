//! The house rules, held against the tree as it is: one module a subject.

mod edges;
mod image;
mod shipped;
mod sources;
mod tally;
