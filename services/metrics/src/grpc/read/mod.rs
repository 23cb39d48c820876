//! Requests as commands and queries, every violation noted.

mod improvement;
mod query;
mod report;
mod survey;

pub(super) use self::{
    improvement::{GetImprovement, ListImprovements, ListReviewsDue, ListSuggestions, RecordImprovement},
    query::{Asked, Where},
    report::{CompareVersions, ExportFacts, GetBoard, GetPareto, GetReport, GetTrend, GetWorkflowReport},
    survey::{
        About, AnswerSurvey, ExportAnswers, GetQuestions, GetSurveyResults, ListInvitations, Named, SetQuestions,
    },
};
