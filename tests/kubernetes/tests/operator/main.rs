//! The operator on a cluster of its own, since it looks after all that is in it. `scripts/test-cluster.sh operator` runs it, in a
//! cluster with a node.

#[cfg(test)]
mod suite;
