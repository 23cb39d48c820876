//! Requests for figures.

use api::metrics::v1 as pb;
use chassis::{Fields, Parse};

use super::query::{Asked, Where, read_version};
use crate::domain::{
    query::Version,
    report::{Bucket, Dimension, Metric},
};

pub(in crate::grpc) struct GetReport(pub(in crate::grpc) Asked);

impl Parse for GetReport {
    type Request = pb::GetReportRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        Asked::read(fields, request.query).map(Self)
    }
}

pub(in crate::grpc) struct GetTrend {
    pub(in crate::grpc) asked: Asked,
    pub(in crate::grpc) metric: Metric,
    pub(in crate::grpc) bucket: Bucket,
}

impl Parse for GetTrend {
    type Request = pb::GetTrendRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let bucket = fields.optional_choice::<pb::Bucket>("bucket", request.bucket).map(|bucket| match bucket {
            Some(pb::Bucket::Day) => Bucket::Day,
            Some(pb::Bucket::Month) => Bucket::Month,
            Some(pb::Bucket::Week | pb::Bucket::Unspecified) | None => Bucket::Week,
        });
        let metric = fields.choice("metric", request.metric).and_then(metric);
        let asked = Asked::read(fields, request.query);
        Some(Self { asked: asked?, metric: metric?, bucket: bucket? })
    }
}

fn metric(metric: pb::Metric) -> Option<Metric> {
    Some(match metric {
        pb::Metric::Unspecified => return None,
        pb::Metric::Created => Metric::Created,
        pb::Metric::Completed => Metric::Completed,
        pb::Metric::LimboP50 => Metric::LimboP50,
        pb::Metric::LimboP85 => Metric::LimboP85,
        pb::Metric::FirstPassYield => Metric::FirstPassYield,
        pb::Metric::CompleteAndAccurate => Metric::CompleteAndAccurate,
        pb::Metric::RejectionRate => Metric::RejectionRate,
        pb::Metric::ReworkRate => Metric::ReworkRate,
        pb::Metric::Attainment => Metric::Attainment,
        pb::Metric::CycleP50 => Metric::CycleP50,
        pb::Metric::CycleP85 => Metric::CycleP85,
        pb::Metric::FlowEfficiency => Metric::FlowEfficiency,
        pb::Metric::Bounces => Metric::Bounces,
        pb::Metric::Questions => Metric::Questions,
        pb::Metric::AnswerP50 => Metric::AnswerP50,
    })
}

pub(in crate::grpc) struct GetPareto {
    pub(in crate::grpc) asked: Asked,
    pub(in crate::grpc) dimension: Dimension,
    pub(in crate::grpc) lines: usize,
}

impl Parse for GetPareto {
    type Request = pb::GetParetoRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        use pb::ParetoDimension as Pb;
        let dimension = fields.choice("dimension", request.dimension).and_then(|dimension| {
            Some(match dimension {
                Pb::Unspecified => return None,
                Pb::RejectionCriterion => Dimension::RejectionCriterion,
                Pb::RejectionReason => Dimension::RejectionReason,
                Pb::ReturnCriterion => Dimension::ReturnCriterion,
                Pb::ReturnReason => Dimension::ReturnReason,
                Pb::QuestionAbout => Dimension::QuestionAbout,
                Pb::BreachKind => Dimension::BreachKind,
                Pb::BouncesByRoute => Dimension::BouncesByRoute,
                Pb::AttemptsByRoute => Dimension::AttemptsByRoute,
            })
        });
        let lines = if request.page_size == 0 { Some(20) } else { fields.page_size(request.page_size) };
        let asked = Asked::read(fields, request.query);
        Some(Self { asked: asked?, dimension: dimension?, lines: lines? as usize })
    }
}

pub(in crate::grpc) struct CompareVersions {
    pub(in crate::grpc) asked: Asked,
    pub(in crate::grpc) before: Version,
    pub(in crate::grpc) after: Version,
}

impl Parse for CompareVersions {
    type Request = pb::CompareVersionsRequest;

    fn parse(mut request: Self::Request, fields: &mut Fields) -> Option<Self> {
        if request.query.as_mut().and_then(|query| query.version.take()).is_some() {
            fields.violation("query.version", "must be absent: `before` and `after` say which versions");
        }
        let before = read_version(fields, "before", request.before.unwrap_or_default());
        let after = read_version(fields, "after", request.after.unwrap_or_default());
        let asked = Asked::read(fields, request.query);
        let (before, after) = (before?, after?);
        let is_of_one = match (&before, &after) {
            (Version::Template(before), Version::Template(after)) => before.id == after.id,
            (Version::Terms(before, _), Version::Terms(after, _)) => before == after,
            (Version::Policy(before), Version::Policy(after)) => before.id == after.id,
            _ => false,
        };
        if !is_of_one || before == after {
            return fields.refuse("after", "must be another version of the same template, route or policy as `before`");
        }
        Some(Self { asked: asked?, before, after })
    }
}

pub(in crate::grpc) struct GetBoard {
    pub(in crate::grpc) place: Where,
    pub(in crate::grpc) items: usize,
}

impl Parse for GetBoard {
    type Request = pb::GetBoardRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let place = Where::read(fields, "scope", request.scope);
        let items = fields.page_size(request.page_size);
        Some(Self { place: place?, items: items? as usize })
    }
}

pub(in crate::grpc) struct GetWorkflowReport(pub(in crate::grpc) Asked);

impl Parse for GetWorkflowReport {
    type Request = pb::GetWorkflowReportRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let asked = Asked::read(fields, request.query)?;
        if !matches!(asked.place, Where::Workflow(_)) {
            return fields.refuse("query.scope.workflow_id", "is required: the workflow to report on");
        }
        Some(Self(asked))
    }
}

pub(in crate::grpc) struct ExportFacts(pub(in crate::grpc) Asked);

impl Parse for ExportFacts {
    type Request = pb::ExportFactsRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        Asked::read(fields, request.query).map(Self)
    }
}
