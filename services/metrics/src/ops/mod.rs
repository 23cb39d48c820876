//! What is done with what was heard, one decision each.

pub(crate) mod hear;
pub(crate) mod improve;
pub(crate) mod survey;
