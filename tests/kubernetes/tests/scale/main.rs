//! Many clients at once, at a size that a test can afford: what is written, how often, and what goes on without the operator.
//! `scripts/test-cluster.sh scale` runs it, in a cluster of its own, one test after the other, since all writes are counted.

#[cfg(test)]
mod deletion;
#[cfg(test)]
mod operator;
#[cfg(test)]
mod team;
#[cfg(test)]
mod writes;
