//! Figures, surveys and improvement.

mod about;
pub(crate) mod board;
pub(crate) mod compare;
mod form;
pub(crate) mod improve;
pub(crate) mod pareto;
pub(crate) mod report;
pub(crate) mod survey;
pub(crate) mod trend;
mod version;
