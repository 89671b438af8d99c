//! The laws of the engine, over thousands of generated inventories. Each law stands in a test of its own, grouped by what it is
//! about; the inventories come from `universe`, and `oracle` states the rules a second time, as plainly as it can.
//!
//! Runs are repeatable; `PROPTEST_CASES` and `PROPTEST_RNG_SEED` give longer and other ones.

#[cfg(test)]
mod credentials;
#[cfg(test)]
mod exact;
#[cfg(test)]
mod fixpoint;
#[cfg(test)]
mod freeze;
#[cfg(test)]
mod isolation;
#[cfg(test)]
mod mutate;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod order;
#[cfg(test)]
mod tape;
#[cfg(test)]
mod tighten;
#[cfg(test)]
mod universe;
#[cfg(test)]
mod unseen;
