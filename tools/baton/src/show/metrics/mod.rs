//! Figures, surveys and improvement, for people.

pub(crate) mod basis;
pub(crate) mod board;
pub(crate) mod compare;
pub(crate) mod figure;
pub(crate) mod improve;
pub(crate) mod metric;
pub(crate) mod page;
pub(crate) mod pareto;
pub(crate) mod quality;
pub(crate) mod report;
pub(crate) mod rows;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod survey;
mod terminal;
pub(crate) mod time;
pub(crate) mod trend;
pub(crate) mod workflow;
