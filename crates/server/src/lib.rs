//! Room.

pub mod pages;
