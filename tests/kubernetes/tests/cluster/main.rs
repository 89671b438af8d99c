//! What a real cluster says: to our definitions, to manifests good and bad, and that the node is one that our tests can use.
//! `scripts/test-cluster.sh cluster` runs it, in a cluster with a node.

#[cfg(test)]
mod columns;
#[cfg(test)]
mod definitions;
#[cfg(test)]
mod manifests;
#[cfg(test)]
mod node;
#[cfg(test)]
mod others;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod tools;
mod unseen;
