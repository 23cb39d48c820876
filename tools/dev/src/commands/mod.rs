//! One file for each command.

pub(crate) mod check;
pub(crate) mod demo;
pub(crate) mod down;
pub(crate) mod faults;
pub(crate) mod prepare;
pub(crate) mod release_contract;
pub(crate) mod test;
pub(crate) mod up;
pub(crate) mod upgrade;
