//! Manifests from texts and folders: what is told, where, and what is left to work with.

#[cfg(test)]
mod faults;
#[cfg(test)]
mod files;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod random;
#[cfg(test)]
mod told;
#[cfg(test)]
mod twice;
