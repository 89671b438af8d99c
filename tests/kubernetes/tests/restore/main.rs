//! A backup of one cluster, put back into another one that begins with nothing, as docs/operations-kubernetes.md has it: what
//! applications have goes on. `scripts/test-cluster.sh restore` runs it in two clusters, one after the other, that have nothing but a
//! folder in common.

#[cfg(test)]
mod restored;
#[cfg(test)]
mod saved;
#[cfg(test)]
mod site;
