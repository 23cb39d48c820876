//! Requests about clocks.

use api::sla::v1 as pb;
use chassis::{Fields, Parse, TEXT_BYTES, page::Page};
use kernel::Timestamp;
use prost::Message;

use super::{NAME_BYTES, each, instant, kinds, seconds, version};
use crate::{
    domain::{ClockId, clock::State, course::Acknowledge},
    feeds,
    ops::clock::Migrate,
    store::clock::{Cohort, Cursor, Filter, Group},
};

/// Far more than any token is.
const TOKEN_BYTES: usize = 512;

pub(in crate::grpc) struct GetClock {
    pub(in crate::grpc) id: ClockId,
}

impl Parse for GetClock {
    type Request = pb::GetClockRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        Some(Self { id: fields.uuid("clock_id", &request.clock_id)?.into() })
    }
}

pub(in crate::grpc) struct ListClocks {
    pub(in crate::grpc) filter: Filter,
    pub(in crate::grpc) page: Page<Cursor>,
}

impl Parse for ListClocks {
    type Request = pb::ListClocksRequest;

    fn parse(mut request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let (size, token) = (std::mem::take(&mut request.page_size), std::mem::take(&mut request.page_token));
        let handoff_id = fields.optional_uuid("handoff_id", &request.handoff_id);
        let team = fields.optional_slug("team", &request.team);
        let other_team = fields.optional_slug("other_team", &request.other_team);
        let states = each(fields, "states", &request.states, |fields, field, value| {
            let state: pb::ClockState = fields.choice(field, *value)?;
            State::from_name(state.as_str_name().trim_start_matches("CLOCK_STATE_"))
        });
        let kinds = kinds(fields, "kinds", &request.kinds);
        let due_before = match request.due_before {
            None => Some(None),
            time => instant(fields, "due_before", time).map(Some),
        };
        let page = Page::read(fields, size, &token, &request);
        let filter = Filter {
            handoff_id: handoff_id?.map(Into::into),
            team: team?,
            other_team: other_team?,
            states: states?,
            kinds: kinds?,
            due_before: due_before?,
            breached: request.breached,
            parked: request.parked,
        };
        Some(Self { filter, page: page? })
    }
}

pub(in crate::grpc) struct ExplainClock {
    pub(in crate::grpc) id: ClockId,
    pub(in crate::grpc) at: Option<Timestamp>,
}

impl Parse for ExplainClock {
    type Request = pb::ExplainClockRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let id = fields.uuid("clock_id", &request.clock_id);
        let at = match request.at {
            None => Some(None),
            time => instant(fields, "at", time).map(Some),
        };
        Some(Self { id: id?.into(), at: at? })
    }
}

pub(in crate::grpc) struct WatchClocks {
    pub(in crate::grpc) filter: feeds::Filter,
    pub(in crate::grpc) filter_bytes: Vec<u8>,
    pub(in crate::grpc) resume_token: String,
}

impl Parse for WatchClocks {
    type Request = pb::WatchClocksRequest;

    fn parse(mut request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let resume_token = fields.text("resume_token", &std::mem::take(&mut request.resume_token), TOKEN_BYTES);
        request.kinds.sort_unstable();
        request.kinds.dedup();
        let filter_bytes = request.encode_to_vec();
        let handoff_id = fields.optional_uuid("handoff_id", &request.handoff_id);
        let team = fields.optional_slug("team", &request.team);
        let kinds = kinds(fields, "kinds", &request.kinds);
        let filter = feeds::Filter { handoff_id: handoff_id?.map(Into::into), team: team?, kinds: kinds? };
        Some(Self { filter, filter_bytes, resume_token: resume_token? })
    }
}

pub(in crate::grpc) struct MigrateClocks(pub(in crate::grpc) Migrate);

impl Parse for MigrateClocks {
    type Request = pb::MigrateClocksRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let policy_id = fields.slug("policy_id", &request.policy_id);
        let to_version = version(fields, "to_version", request.to_version);
        let route_id = fields.optional_slug("route_id", &request.route_id);
        let kinds = kinds(fields, "kinds", &request.kinds);
        let clock_id = fields.optional_uuid("clock_id", &request.clock_id);
        Some(Self(Migrate {
            policy_id: policy_id?,
            to_version: to_version?,
            route_id: route_id?,
            kinds: kinds?,
            clock_id: clock_id?.map(Into::into),
            dry_run: request.dry_run,
        }))
    }
}

pub(in crate::grpc) struct AcknowledgeBreach {
    pub(in crate::grpc) id: ClockId,
    pub(in crate::grpc) said: Acknowledge,
}

impl Parse for AcknowledgeBreach {
    type Request = pb::AcknowledgeBreachRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let id = fields.uuid("clock_id", &request.clock_id);
        let note = fields.text("note", &request.note, TEXT_BYTES);
        let cause = fields.text("cause", &request.cause, NAME_BYTES);
        let delay_seconds = match request.delay {
            None => Some(None),
            delay => seconds(fields, "delay", delay).map(Some),
        };
        let said = Acknowledge { note: note?, cause: cause?, delay_seconds: delay_seconds? };
        Some(Self { id: id?.into(), said })
    }
}

pub(in crate::grpc) struct ExcuseBreach {
    pub(in crate::grpc) id: ClockId,
    pub(in crate::grpc) reason: String,
}

impl Parse for ExcuseBreach {
    type Request = pb::ExcuseBreachRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let id = fields.uuid("clock_id", &request.clock_id);
        let reason = fields.required_text("reason", &request.reason, TEXT_BYTES);
        Some(Self { id: id?.into(), reason: reason? })
    }
}

pub(in crate::grpc) struct GetAttainment(pub(in crate::grpc) Cohort);

impl Parse for GetAttainment {
    type Request = pb::GetAttainmentRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let group = match fields.optional_choice::<pb::AttainmentGroup>("group", request.group) {
            Some(Some(pb::AttainmentGroup::Route)) => Some(Group::Route),
            Some(Some(pb::AttainmentGroup::Kind)) => Some(Group::Kind),
            Some(_) => Some(Group::Team),
            None => None,
        };
        let mut optional = |field: &str, time: Option<prost_types::Timestamp>| match time {
            None => Some(None),
            time => instant(fields, field, time).map(Some),
        };
        let due_from = optional("due_from", request.due_from);
        let due_until = optional("due_until", request.due_until);
        if let (Some(Some(from)), Some(Some(until))) = (due_from, due_until)
            && until <= from
        {
            fields.violation("due_until", "must be after `due_from`");
        }
        let kinds = kinds(fields, "kinds", &request.kinds);
        let team = fields.optional_slug("team", &request.team);
        let route_id = fields.optional_slug("route_id", &request.route_id);
        let size = fields.page_size(request.page_size);
        Some(Self(Cohort {
            group: group?,
            due_from: due_from?,
            due_until: due_until?,
            kinds: kinds?,
            team: team?,
            route_id: route_id?,
            historic: request.historic,
            limit: size?.into(),
        }))
    }
}
