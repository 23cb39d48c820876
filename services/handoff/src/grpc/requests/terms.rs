//! Requests about the terms of a route.

use std::marker::PhantomData;

use api::handoff::v1 as pb;
use chassis::{Fields, Parse};
use criteria::ReviewRule;
use prost_types::Duration;

use super::{parts::optional_side, reading::expected};
use crate::{
    domain::{
        Expected, RouteId,
        limits::{RETURN_WINDOW_DEFAULT_SECONDS, RETURN_WINDOW_MAX_SECONDS, REVIEW_RULE_MAX_BYTES, TEXT_MAX_BYTES},
        route::{self, ProposalId, Propose, REVIEW_RULE_DEFAULT, ReadBack, TemplateChoice},
    },
    grpc::twins::Twin,
    ops::route::Decide,
};

pub(in crate::grpc) struct SetTerms {
    pub(in crate::grpc) id: RouteId,
    pub(in crate::grpc) expected: Expected,
    pub(in crate::grpc) terms: route::SetTerms,
}

impl Parse for SetTerms {
    type Request = pb::SetTermsRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let id = fields.slug("route_id", &request.route_id);
        let expected = expected(fields, request.expected_revision);
        let given = Given {
            template_id: &request.template_id,
            template_version: request.template_version,
            sla_policy_id: &request.sla_policy_id,
            review_rule: &request.review_rule,
            read_back: request.read_back,
            return_window: request.return_window,
        };
        let terms = given.read(fields);
        Some(Self { id: id?, expected: expected?, terms: terms? })
    }
}

pub(in crate::grpc) struct ProposeTerms {
    pub(in crate::grpc) id: RouteId,
    pub(in crate::grpc) expected: Expected,
    pub(in crate::grpc) propose: Propose,
}

impl Parse for ProposeTerms {
    type Request = pb::ProposeTermsRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let id = fields.slug("route_id", &request.route_id);
        let expected = expected(fields, request.expected_revision);
        let side = optional_side(fields, "side", request.side);
        let reason = fields.text("reason", &request.reason, TEXT_MAX_BYTES);
        let given = Given {
            template_id: &request.template_id,
            template_version: request.template_version,
            sla_policy_id: &request.sla_policy_id,
            review_rule: &request.review_rule,
            read_back: request.read_back,
            return_window: request.return_window,
        };
        let terms = given.read(fields);
        let propose = Propose { side: side?, terms: terms?, reason: reason? };
        Some(Self { id: id?, expected: expected?, propose })
    }
}

/// What becomes of proposed terms; the request says which.
pub(in crate::grpc) struct DecideTerms<R> {
    pub(in crate::grpc) id: RouteId,
    pub(in crate::grpc) expected: Expected,
    pub(in crate::grpc) proposal: ProposalId,
    pub(in crate::grpc) reason: String,
    request: PhantomData<fn() -> R>,
}

impl<R> DecideTerms<R> {
    fn read(
        fields: &mut Fields,
        (request_id, route_id): (&str, &str),
        revision: i64,
        proposal: &str,
        reason: Option<String>,
    ) -> Option<Self> {
        fields.request_id(request_id);
        let id = fields.slug("route_id", route_id);
        let expected = expected(fields, revision);
        let proposal = fields.uuid("proposal_id", proposal);
        let (proposal, request) = (proposal?.into(), PhantomData);
        Some(Self { id: id?, expected: expected?, proposal, reason: reason?, request })
    }
}

/// A request that decides on proposed terms.
pub(in crate::grpc) trait Decides {
    const DECIDES: Decide;
}

macro_rules! decides {
    ($($request:ident: $decide:ident, $reason:expr;)+) => {
        $(
            impl Decides for pb::$request {
                const DECIDES: Decide = Decide::$decide;
            }

            impl Parse for DecideTerms<pb::$request> {
                type Request = pb::$request;

                fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
                    let read: fn(&Self::Request, &mut Fields) -> Option<String> = $reason;
                    let reason = read(&request, fields);
                    let ids = (request.request_id.as_str(), request.route_id.as_str());
                    Self::read(fields, ids, request.expected_revision, &request.proposal_id, reason)
                }
            }
        )+
    };
}

decides! {
    AgreeTermsRequest: Agree, |_, _| Some(String::new());
    DeclineTermsRequest: Decline, |request, fields| fields.required_text("reason", &request.reason, TEXT_MAX_BYTES);
    WithdrawTermsRequest: Withdraw, |request, fields| fields.text("reason", &request.reason, TEXT_MAX_BYTES);
}

/// Terms as requests and texts of maps give them.
pub(super) struct Given<'a> {
    pub(super) template_id: &'a str,
    pub(super) template_version: i32,
    pub(super) sla_policy_id: &'a str,
    pub(super) review_rule: &'a str,
    pub(super) read_back: i32,
    pub(super) return_window: Option<Duration>,
}

impl Given<'_> {
    pub(super) fn read(self, fields: &mut Fields) -> Option<route::SetTerms> {
        let template = template(fields, self.template_id, self.template_version);
        let sla_policy_id = fields.optional_slug("sla_policy_id", self.sla_policy_id);
        let review_rule = review_rule(fields, self.review_rule);
        let read_back = ReadBack::read_optional(fields, "read_back", self.read_back);
        let window = 0..=RETURN_WINDOW_MAX_SECONDS;
        let return_window_seconds =
            fields.seconds_or("return_window", self.return_window, RETURN_WINDOW_DEFAULT_SECONDS, window);
        Some(route::SetTerms {
            template: template?,
            sla_policy_id: sla_policy_id?,
            review_rule: review_rule?,
            read_back: read_back?.unwrap_or(ReadBack::None),
            return_window_seconds: return_window_seconds?,
        })
    }
}

fn template(fields: &mut Fields, id: &str, version: i32) -> Option<Option<TemplateChoice>> {
    let id = fields.optional_slug("template_id", id);
    if version < 0 {
        return fields.refuse("template_version", "must not be negative; 0 is the latest");
    }
    match id? {
        None if version > 0 => fields.refuse("template_version", "is the version of no template; give its template_id"),
        None => Some(None),
        Some(id) => Some(Some(TemplateChoice { id, version: (version > 0).then_some(version) })),
    }
}

/// A rule that compiles; the usual one where the text is empty.
fn review_rule(fields: &mut Fields, text: &str) -> Option<String> {
    let text = fields.text("review_rule", text, REVIEW_RULE_MAX_BYTES)?;
    if text.is_empty() {
        return Some(REVIEW_RULE_DEFAULT.to_owned());
    }
    match ReviewRule::compile(&text) {
        Ok(_) => Some(text),
        Err(bad) => fields.refuse("review_rule", bad.to_string()),
    }
}
