//! Figures as messages.

mod board;
mod report;

pub(crate) use self::{
    board::board,
    report::{basis, comparison, pareto, report, window},
};
