//! Whole transcripts of the commands: what is typed, stdout, stderr and the exit code; and what `up` says of edits.

#[cfg(test)]
mod check;
#[cfg(test)]
mod compile;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod papers;
#[cfg(test)]
mod plan;
#[cfg(test)]
mod printing;
#[cfg(test)]
mod redis;
#[cfg(test)]
mod run;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod stopping;
#[cfg(test)]
mod store;
#[cfg(test)]
mod up;
#[cfg(test)]
mod usage;
