//! Whole transcripts of the offline commands: what is typed, stdout, stderr and the exit code.

#[cfg(test)]
mod check;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod plan;
#[cfg(test)]
mod printing;
#[cfg(test)]
mod run;
#[cfg(test)]
mod usage;
