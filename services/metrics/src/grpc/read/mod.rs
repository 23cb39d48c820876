//! Requests as commands and queries, every violation noted.

mod query;
mod report;

pub(super) use self::{
    query::{Asked, Where},
    report::{CompareVersions, ExportFacts, GetBoard, GetPareto, GetReport, GetTrend, GetWorkflowReport},
};
