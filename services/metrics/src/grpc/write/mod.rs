//! Figures as messages.

mod board;
mod report;
mod survey;

pub(crate) use self::{
    board::board,
    report::{basis, comparison, pareto, report, window},
    survey::{answer, invitation, questions, result},
};
