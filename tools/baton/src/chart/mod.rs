//! Charts to be sent around: SVG, and pages of HTML that hold one.

mod axis;
mod canvas;
pub(crate) mod html;
mod panel;
pub(crate) mod pareto;
pub(crate) mod report;
pub(crate) mod trend;
