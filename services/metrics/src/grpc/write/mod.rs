//! Figures as messages.

mod board;
mod improvement;
mod report;
mod survey;

pub(crate) use self::{
    board::board,
    improvement::{improvement, suggestion},
    report::{basis, comparison, pareto, report, verdict, window},
    survey::{answer, invitation, questions, result},
};
