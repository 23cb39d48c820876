//! The request to watch.

use api::handoff::v1 as pb;
use chassis::{Fields, Parse};
use prost::Message;

use super::{
    parts,
    reading::{each, optional_name, short},
};
use crate::{
    domain::{HandoffId, State, limits::WATCHED_MAX},
    feeds::Filter,
    grpc::twins::Twin,
};

/// Far more than any token is.
const TOKEN_MAX_CHARS: usize = 512;

pub(in crate::grpc) struct WatchHandoffs {
    pub(in crate::grpc) filter: Filter,
    /// The same for the same filter, however its lists are ordered.
    pub(in crate::grpc) filter_bytes: Vec<u8>,
    pub(in crate::grpc) resume_token: String,
}

impl Parse for WatchHandoffs {
    type Request = pb::WatchHandoffsRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let mut filter = request.filter.unwrap_or_default();
        filter.states.sort_unstable();
        filter.states.dedup();
        filter.handoff_ids.sort_unstable();
        filter.handoff_ids.dedup();
        let filter_bytes = filter.encode_to_vec();

        let resume_token = short(fields, "resume_token", &request.resume_token, TOKEN_MAX_CHARS);
        let inbox_of = fields.optional_slug("filter.inbox_of", &filter.inbox_of);
        let team = fields.optional_slug("filter.team", &filter.team);
        let side = parts::optional_side(fields, "filter.side", filter.side);
        if filter.side != 0 && filter.team.is_empty() && filter.inbox_of.is_empty() {
            fields.violation("filter.side", "is a side of team or inbox_of; give one of them");
        }
        let route_id = fields.optional_slug("filter.route_id", &filter.route_id);
        let states = each(fields, "filter.states", filter.states, State::ALL.len(), State::read);
        let ids = each(fields, "filter.handoff_ids", filter.handoff_ids, WATCHED_MAX, |fields, path, id| {
            fields.uuid(path, &id).map(HandoffId::from)
        });
        let owner = optional_name(fields, "filter.owner", &filter.owner);
        let filter = Filter {
            inbox_of: inbox_of?,
            team: team?,
            side: side?,
            route_id: route_id?,
            states: states?,
            ids: ids?,
            owner: owner?,
        };
        Some(Self { filter, filter_bytes, resume_token: resume_token? })
    }
}
