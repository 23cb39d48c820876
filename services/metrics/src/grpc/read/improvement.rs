//! Requests about improvement.

use api::metrics::v1 as pb;
use chassis::{Fields, Parse, TEXT_BYTES, page::Page};

use super::query::{day, read_version};
use crate::{
    domain::{
        RouteId, TeamId,
        improvement::{Decision, ImprovementId, Outcome},
    },
    store::{improvement, suggestion},
};

const NAME_BYTES: usize = 200;
const DECIDERS_MAX: usize = 20;
const REVIEWS: i32 = 20;
const REVIEWS_MAX: i32 = 100;

pub(in crate::grpc) struct ListSuggestions {
    pub(in crate::grpc) filter: suggestion::Filter,
    pub(in crate::grpc) page: Page<suggestion::Cursor>,
}

impl Parse for ListSuggestions {
    type Request = pb::ListSuggestionsRequest;

    fn parse(mut request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let (size, token) = (std::mem::take(&mut request.page_size), std::mem::take(&mut request.page_token));
        let route_id = fields.optional_slug("route_id", &request.route_id);
        let team_id = fields.optional_slug("team_id", &request.team_id);
        let page = Page::read(fields, size, &token, &request);
        let filter = suggestion::Filter { route_id: route_id?, team_id: team_id?, all: request.all };
        Some(Self { filter, page: page? })
    }
}

pub(in crate::grpc) struct ListReviewsDue {
    pub(in crate::grpc) team_id: Option<TeamId>,
    pub(in crate::grpc) limit: i64,
}

impl Parse for ListReviewsDue {
    type Request = pb::ListReviewsDueRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let team_id = fields.optional_slug("team_id", &request.team_id);
        let limit = match request.page_size {
            0 => Some(REVIEWS),
            size @ 1..=REVIEWS_MAX => Some(size),
            _ => fields.refuse("page_size", format!("must be 1 to {REVIEWS_MAX}; 0 is {REVIEWS}")),
        };
        Some(Self { team_id: team_id?, limit: i64::from(limit?) })
    }
}

pub(in crate::grpc) struct RecordImprovement {
    pub(in crate::grpc) route_id: RouteId,
    pub(in crate::grpc) decision: Decision,
}

impl Parse for RecordImprovement {
    type Request = pb::RecordImprovementRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let route_id = fields.slug("route_id", &request.route_id);
        let outcome = fields.choice("outcome", request.outcome).map(|outcome| match outcome {
            pb::ImprovementOutcome::Changed => Outcome::Changed,
            pb::ImprovementOutcome::Kept | pb::ImprovementOutcome::Unspecified => Outcome::Kept,
        });
        let suggestion_id = fields.optional_uuid("suggestion_id", &request.suggestion_id);
        let text = fields.text("text", &request.text, TEXT_BYTES);
        if request.text.trim().is_empty() && request.suggestion_id.is_empty() {
            fields.violation("text", "is required where no suggestion is named: say what was decided");
        }
        let version = match (request.version, outcome) {
            (Some(version), Some(Outcome::Changed)) => read_version(fields, "version", version).map(Some),
            (None, Some(Outcome::Changed)) => {
                fields.refuse("version", "is required for CHANGED: the version that the change is in force with")
            }
            (Some(_), Some(Outcome::Kept)) => fields.refuse("version", "must be absent for KEPT: nothing was changed"),
            (_, _) => Some(None),
        };
        let decided_by = deciders(fields, &request.decided_by);
        let review_on = match request.review_on.as_str() {
            "" => Some(None),
            text => day(fields, "review_on", text).map(Some),
        };
        let decision = Decision {
            outcome: outcome?,
            suggestion_id: suggestion_id?.map(Into::into),
            text: text?,
            version: version?,
            decided_by: decided_by?,
            review_on: review_on?,
        };
        Some(Self { route_id: route_id?, decision })
    }
}

fn deciders(fields: &mut Fields, names: &[String]) -> Option<Vec<String>> {
    if names.is_empty() {
        return fields.refuse("decided_by", "is required: who decided");
    }
    fields.at_most("decided_by", names.len(), DECIDERS_MAX)?;
    let read = |(n, name): (usize, &String)| fields.required_text(&format!("decided_by[{n}]"), name, NAME_BYTES);
    let names: Vec<Option<String>> = names.iter().enumerate().map(read).collect();
    names.into_iter().collect()
}

pub(in crate::grpc) struct GetImprovement(pub(in crate::grpc) ImprovementId);

impl Parse for GetImprovement {
    type Request = pb::GetImprovementRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        Some(Self(fields.uuid("improvement_id", &request.improvement_id)?.into()))
    }
}

pub(in crate::grpc) struct ListImprovements {
    pub(in crate::grpc) route_id: Option<RouteId>,
    pub(in crate::grpc) page: Page<improvement::Cursor>,
}

impl Parse for ListImprovements {
    type Request = pb::ListImprovementsRequest;

    fn parse(mut request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let (size, token) = (std::mem::take(&mut request.page_size), std::mem::take(&mut request.page_token));
        let route_id = fields.optional_slug("route_id", &request.route_id);
        let page = Page::read(fields, size, &token, &request);
        Some(Self { route_id: route_id?, page: page? })
    }
}
