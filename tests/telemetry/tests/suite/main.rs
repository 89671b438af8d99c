//! The binary as operators see it. What the tests share is in `parts`: the server, a Prometheus, a collector of traces.

#[cfg(test)]
mod audit;
#[cfg(test)]
mod log;
#[cfg(test)]
mod monitoring;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod prometheus;
#[cfg(test)]
mod traces;
