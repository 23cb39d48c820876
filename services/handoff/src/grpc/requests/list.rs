//! What a list is asked for.

use std::mem::take;

use api::handoff::v1 as pb;
use chassis::{Fields, Parse};

use super::{
    Page, parts,
    reading::{each, optional_name, required_short, short},
};
use crate::{
    domain::{
        HandoffId, Priority, State,
        limits::{KEY_MAX_CHARS, SEARCH_MAX_CHARS, SYSTEM_MAX_CHARS},
    },
    grpc::twins::Twin,
    store::list::{Cursor, Filter, Order, Record, Span, words},
};

pub(in crate::grpc) struct ListHandoffs {
    pub(in crate::grpc) filter: Filter,
    pub(in crate::grpc) page: Page<Cursor>,
}

impl Parse for ListHandoffs {
    type Request = pb::ListHandoffsRequest;

    fn parse(mut request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let (page_size, page_token) = (take(&mut request.page_size), take(&mut request.page_token));
        let page = Page::read(fields, page_size, &page_token, &request);
        let filter = filter(fields, request);
        Some(Self { filter: filter?, page: page? })
    }
}

fn filter(fields: &mut Fields, request: pb::ListHandoffsRequest) -> Option<Filter> {
    let inbox_of = fields.optional_slug("inbox_of", &request.inbox_of);
    let team = fields.optional_slug("team", &request.team);
    let owner = optional_name(fields, "owner", &request.owner);
    let side = parts::optional_side(fields, "side", request.side);
    if request.side != 0 && request.team.is_empty() && request.inbox_of.is_empty() && request.owner.is_empty() {
        fields.violation("side", "is a side of team, inbox_of or owner; give one of them");
    }
    let states = each(fields, "states", request.states, State::ALL.len(), State::read);
    let waiting_on = parts::optional_side(fields, "waiting_on", request.waiting_on);
    let route_id = fields.optional_slug("route_id", &request.route_id);
    let priorities = each(fields, "priorities", request.priorities, Priority::ALL.len(), Priority::read);
    let origin = request.origin.map_or(Some(None), |origin| {
        let system = required_short(fields, "origin.system", &origin.system, SYSTEM_MAX_CHARS);
        let key = short(fields, "origin.key", &origin.key, KEY_MAX_CHARS);
        Some(Some(Record { system: system?, key: key.map(|key| (!key.is_empty()).then_some(key))? }))
    });
    let follows = fields.optional_uuid("follows", &request.follows);
    let link = request.link.map_or(Some(None), |link| {
        let system = required_short(fields, "link.system", &link.system, SYSTEM_MAX_CHARS);
        let key = required_short(fields, "link.key", &link.key, KEY_MAX_CHARS);
        Some(Some(Record { system: system?, key: Some(key?) }))
    });
    let text = text(fields, &request.text);
    let created = span(fields, ["created_after", "created_before"], [request.created_after, request.created_before]);
    let updated = span(fields, ["updated_after", "updated_before"], [request.updated_after, request.updated_before]);
    let deliver_by_before = fields.optional_time("deliver_by_before", request.deliver_by_before);
    let due_before = fields.optional_time("due_before", request.due_before);
    let order = Order::read_optional(fields, "order", request.order);
    if order.flatten().is_some_and(Order::is_of_inbox) && request.inbox_of.is_empty() {
        fields.violation("order", "is one of an inbox: give inbox_of, or order by UPDATED, RECENT, OLDEST or NEWEST");
    }
    Some(Filter {
        inbox_of: inbox_of?,
        team: team?,
        owner: owner?,
        side: side?,
        states: states?,
        waiting_on: waiting_on?,
        route_id: route_id?,
        priorities: priorities?,
        origin: origin?,
        follows: follows?.map(HandoffId::from),
        link: link?,
        text: text?,
        on_hold: request.on_hold,
        confidential: request.confidential,
        created: created?,
        updated: updated?,
        deliver_by_before: deliver_by_before?,
        due_before: due_before?,
        breached: request.breached,
        order: order?.unwrap_or_default(),
    })
}

/// Words to look for; none, where the text is empty.
fn text(fields: &mut Fields, text: &str) -> Option<Option<String>> {
    let text = short(fields, "text", text, SEARCH_MAX_CHARS)?;
    if text.is_empty() {
        return Some(None);
    }
    if words::of(&text).next().is_none() {
        return fields.refuse("text", "holds no word; give letters or digits");
    }
    Some(Some(text))
}

/// Two instants, of which the first must be before the second.
fn span(fields: &mut Fields, paths: [&str; 2], [after, before]: [Option<prost_types::Timestamp>; 2]) -> Option<Span> {
    let after = fields.optional_time(paths[0], after);
    let before = fields.optional_time(paths[1], before);
    let span = Span { after: after?, before: before? };
    match (span.after, span.before) {
        (Some(after), Some(before)) if after >= before => {
            fields.refuse(paths[1], format!("is not after {}: no instant is between them", paths[0]))
        }
        _ => Some(span),
    }
}
