//! The console before a real provider: who may speak to it, what its pages say, and whole tries.

mod access;
mod browser;
mod flows;
mod manifests;
mod pages;
mod refusals;
mod world;
