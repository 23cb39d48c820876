//! The board as messages.

use std::collections::HashMap;

use api::{metrics::v1 as pb, r#type::v1 as common};
use chassis::consumer::Through;
use kernel::Timestamp;

use crate::{
    domain::{
        HandoffId, Side, Story,
        board::{self as domain, Item},
        story::ClockKind,
    },
    store::Viewer,
};

pub(crate) fn side(side: Side) -> common::Side {
    match side {
        Side::Upstream => common::Side::Upstream,
        Side::Downstream => common::Side::Downstream,
    }
}

/// What is open now; of what is confidential only who may see it sees more than a number.
pub(crate) fn board(
    stories: &[Story],
    viewer: &Viewer,
    items_max: usize,
    now: Timestamp,
    through: &[Through],
) -> pb::GetBoardResponse {
    let (lines, items) = domain::board(stories, now);
    let by_id: HashMap<HandoffId, &Story> = stories.iter().map(|story| (story.id, story)).collect();
    let is_seen = |story: &Story| {
        let about = &story.about;
        viewer.sees(about.confidential, [about.from_team.as_str(), about.to_team.as_str()])
    };
    let items = items.iter().filter_map(|it| Some((it, *by_id.get(&it.id)?))).filter(|(_, story)| is_seen(story));
    let lines = lines.into_iter().map(|((team, on), line)| pb::BoardLine {
        team_id: team.to_string(),
        side: side(on).into(),
        open: line.open,
        waiting: line.waiting,
        in_limbo: line.in_limbo,
        at_risk: line.at_risk,
        breached: line.breached,
        oldest_limbo_seconds: line.oldest_limbo_seconds,
    });
    pb::GetBoardResponse {
        as_of: Some(api::timestamp(now)),
        lines: lines.collect(),
        items: items.take(items_max).map(|(it, story)| item(it, story)).collect(),
        data_through: super::report::data_through(through),
    }
}

fn item(it: &Item, story: &Story) -> pb::BoardItem {
    let names = |kinds: &[ClockKind]| kinds.iter().map(ToString::to_string).collect();
    pb::BoardItem {
        handoff_id: it.id.to_string(),
        title: story.about.title.clone(),
        route_id: story.about.route_id.to_string(),
        from_team: story.about.from_team.to_string(),
        to_team: story.about.to_team.to_string(),
        state: it.state.to_string(),
        waiting_on: side(it.waiting_on).into(),
        since: Some(api::timestamp(it.since)),
        age_seconds: it.age_seconds,
        breached: names(&it.breached),
        at_risk: names(&it.at_risk),
    }
}
