//! The rules of the engine by example, one short test each: who governs whom, what is left, who holds an id, what freezes, and what
//! people are told.

#[cfg(test)]
mod audit;
#[cfg(test)]
mod effective;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod freeze;
#[cfg(test)]
mod governing;
#[cfg(test)]
mod ids;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod narrowing;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod servers;
#[cfg(test)]
mod shards;
#[cfg(test)]
mod snapshot;
#[cfg(test)]
mod unseen;
#[cfg(test)]
mod world;
