//! What changes the state: each decides for one thing, or for a batch of them.

pub(crate) mod deliver;
pub(crate) mod subscribe;
pub(crate) mod tell;
