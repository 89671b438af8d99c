//! The test cluster's own faults: etcd and the API server are killed and held down, come back by themselves, and pods live on.
//! `scripts/test-cluster.sh faults` runs it, in a cluster of its own with `--separate` and a node, one test after the other.

#[cfg(test)]
mod kills;
