//! Stories across processes: the real programs, killed, doubled and cut off from what they need.

mod kill;
mod replica;
mod stop;
