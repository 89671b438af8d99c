//! A store that is full: the API server refuses writes and goes on with reads. `scripts/test-cluster.sh quota` runs it, in a cluster
//! of its own with a small `--etcd-quota`.

#[cfg(test)]
mod full;
