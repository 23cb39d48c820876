//! What operators do and meet: set-ups that are wrong, a look by `doctor`, a restored store, a cluster that loses a node, an upgrade
//! and a stop under load. On the real programs.

mod cluster;
mod replica;
mod restored;
mod rights;
mod setups;
mod story;
mod under_load;
mod upgrade;
