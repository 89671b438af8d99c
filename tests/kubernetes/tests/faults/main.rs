//! Faults: of the cluster, of the operator and of servers. In every case what was served goes on being served, and the state converges
//! by itself after. `scripts/test-cluster.sh faults` runs it, in a cluster of its own with `--separate` and a node.
//!
//! Each test has an operator of its own, which looks after the test's namespaces alone, as an account that may do what the shipped
//! roles say for that. Those that break the cluster have it to themselves.

#[cfg(test)]
mod around;
#[cfg(test)]
mod churn;
#[cfg(test)]
mod cluster;
#[cfg(test)]
mod hands;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod hostile_teams;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod leader;
#[cfg(test)]
mod orders;
#[cfg(test)]
mod replicas;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod site;
#[cfg(test)]
mod turns;
#[cfg(test)]
mod versions;
#[cfg(test)]
mod weather;
