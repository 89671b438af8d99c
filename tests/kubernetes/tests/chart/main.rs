//! The chart, `deploy/install.yaml` and the image's binary, as people install them. `scripts/test-cluster.sh chart` runs it, in a cluster
//! with a node and an audit; a cluster has room for one installation, so tests run one after the other.

#[cfg(test)]
mod suite;
