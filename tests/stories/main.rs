//! Stories across processes: the real programs, killed, doubled and cut off from what they need.

mod collector;
mod kill;
mod replica;
mod stop;
mod trace;
