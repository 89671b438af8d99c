//! A store that is full: the API server refuses writes and goes on with reads. `scripts/test-cluster.sh quota` runs it, in a cluster
//! of its own with a node and a small `--etcd-quota`, one test after the other.

#[cfg(test)]
mod full;
#[cfg(test)]
mod served;
#[cfg(test)]
#[path = "../faults/site.rs"]
#[expect(dead_code, reason = "it is the site of the tests of faults, which use more of it")]
mod site;
