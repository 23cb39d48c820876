//! `baton inbox`.

use std::collections::BTreeMap;

use api::{
    handoff::v1::{HandoffLine, HandoffOrder, HandoffState, ListHandoffsRequest, ListHandoffsResponse},
    r#type::v1::Side,
};
use clap::Args;
use kernel::Timestamp;
use serde::{Serialize, Serializer};

use super::{narrow::Narrow, whoami::Claims};
use crate::{
    client::{Remote, pages},
    errors::{Error, Result},
    session::Session,
    show::{inbox, line},
    words::{self, Word as _},
};

/// The states that a handoff can leave.
const OPEN_STATES: [HandoffState; 6] = [
    HandoffState::Draft,
    HandoffState::Submitted,
    HandoffState::Rejected,
    HandoffState::Accepted,
    HandoffState::InProgress,
    HandoffState::Returned,
];

/// What waits on a team.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  baton --as ivan inbox\n  baton --as admin inbox implementation --priority urgent\n  baton --as ivan inbox --text acme --order priority\n  baton --as ivan inbox --breached\n  baton --as anna inbox --everywhere"
)]
pub(crate) struct Inbox {
    /// The team [default: your own, where you are in one]
    team: Option<String>,
    /// Only handoffs whose upstream or downstream the team is
    #[arg(long, value_parser = Side::parse)]
    side: Option<Side>,
    /// What waits where: for each team, how many open handoffs wait on it, in which states, and its open actions in them
    #[arg(long, conflicts_with_all = ["team", "side", "Narrow", "order"])]
    everywhere: bool,
    #[command(flatten)]
    narrow: Narrow,
    /// due: what your side has to do soonest first, what is late before all; priority: most urgent first, then longest in its
    /// state; deliver-by: promised soonest first; updated: longest untouched
    /// first; recent: last touched first; newest or oldest first
    #[arg(long, value_parser = HandoffOrder::parse, default_value = "due")]
    order: HandoffOrder,
    /// At most so many handoffs, or teams
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

/// How much waits where.
#[derive(Debug, Serialize)]
pub(crate) struct Everywhere {
    /// The teams that something waits on, the most burdened first.
    pub(crate) teams: Vec<Load>,
    /// How many teams something waits on.
    pub(crate) total_teams: usize,
    /// How many handoffs are open.
    pub(crate) total_handoffs: usize,
}

/// How much waits on one team.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Load {
    /// The team.
    pub(crate) team: String,
    /// Open handoffs that wait on it.
    pub(crate) handoffs: usize,
    /// The same by state.
    pub(crate) states: BTreeMap<&'static str, usize>,
    /// Those of them that are on hold.
    pub(crate) on_hold: usize,
    /// Its open actions in open handoffs, whoever they wait on.
    pub(crate) actions: i32,
    /// Since when the first of them has been in its state; none where it has only actions.
    #[serde(serialize_with = "as_text")]
    pub(crate) longest_since: Option<Timestamp>,
}

impl Inbox {
    /// Prints it.
    pub(crate) async fn run(self, session: &Session) -> Result<()> {
        let handoff = session.handoff()?;
        if self.everywhere {
            return session.answer_own(&count(&open_handoffs(&handoff).await?, self.limit), inbox::everywhere);
        }
        let team = match self.team {
            Some(team) => team,
            None => own_team(&session.token()?)?,
        };
        let filter = ListHandoffsRequest {
            inbox_of: team.clone(),
            side: self.side.unwrap_or_default().into(),
            order: self.order.into(),
            ..self.narrow.request()
        };
        let (handoffs, next_page_token) = pages(self.limit, async |page_size, page_token| {
            let request = ListHandoffsRequest { page_size, page_token, ..filter.clone() };
            let page = handoff.call(request, async |request| handoff.handoffs().list_handoffs(request).await).await?;
            Ok((page.handoffs, page.next_page_token))
        })
        .await?;
        let answer = ListHandoffsResponse { handoffs, next_page_token, ..Default::default() };
        session.answer(&answer, |answer, screen| line::inbox(&team, answer, screen))
    }
}

async fn open_handoffs(handoff: &Remote) -> Result<Vec<HandoffLine>> {
    let filter = ListHandoffsRequest {
        states: OPEN_STATES.map(i32::from).to_vec(),
        order: HandoffOrder::Updated.into(),
        ..ListHandoffsRequest::default()
    };
    let (lines, _) = pages(usize::MAX, async |page_size, page_token| {
        let request = ListHandoffsRequest { page_size, page_token, ..filter.clone() };
        let page = handoff.call(request, async |request| handoff.handoffs().list_handoffs(request).await).await?;
        Ok((page.handoffs, page.next_page_token))
    })
    .await?;
    Ok(lines)
}

fn count(lines: &[HandoffLine], limit: usize) -> Everywhere {
    let mut loads: BTreeMap<&str, Load> = BTreeMap::new();
    for line in lines {
        let sides = [
            (Side::Upstream, &line.from_team, line.upstream_actions),
            (Side::Downstream, &line.to_team, line.downstream_actions),
        ];
        for (side, team, actions) in sides {
            let is_its_turn = line.waiting_on() == side;
            if !is_its_turn && actions == 0 {
                continue;
            }
            let load = loads.entry(team).or_insert_with(|| Load { team: team.clone(), ..Load::default() });
            load.actions += actions;
            if is_its_turn {
                load.handoffs += 1;
                *load.states.entry(line.state().word()).or_default() += 1;
                load.on_hold += usize::from(line.on_hold);
                let since = words::instant(line.state_since.as_ref());
                load.longest_since = [load.longest_since, since].into_iter().flatten().min();
            }
        }
    }
    let mut teams: Vec<Load> = loads.into_values().collect();
    teams.sort_by_key(|load| std::cmp::Reverse((load.handoffs, load.actions)));
    let total_teams = teams.len();
    teams.truncate(limit);
    Everywhere { teams, total_teams, total_handoffs: lines.len() }
}

#[expect(clippy::ref_option, reason = "the signature that serde asks for")]
fn as_text<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.to_string()).serialize(serializer)
}

fn own_team(token: &str) -> Result<String> {
    let teams: Vec<String> = Claims::of(token)?.teams.into_keys().collect();
    match teams.as_slice() {
        [team] => Ok(team.clone()),
        [] => Err(Error::usage("you are in no team", "name one: baton inbox TEAM")),
        several => Err(Error::usage("you are in several teams", format!("name one of {}", several.join(", ")))),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::show::Screen;

    fn line(from: &str, to: &str, state: HandoffState, turn: Side, since: &str) -> HandoffLine {
        HandoffLine {
            from_team: from.to_owned(),
            to_team: to.to_owned(),
            state: state.into(),
            waiting_on: turn.into(),
            state_since: words::parse_time(since).ok(),
            ..HandoffLine::default()
        }
    }

    #[test]
    fn what_waits_where_is_counted_by_team() {
        let up = Side::Upstream;
        let down = Side::Downstream;
        let lines = [
            line("sales", "qa", HandoffState::Draft, up, "2026-11-22"),
            line("sales", "qa", HandoffState::Submitted, down, "2026-11-20"),
            HandoffLine { on_hold: true, ..line("dev", "qa", HandoffState::InProgress, down, "2026-11-21") },
            HandoffLine { upstream_actions: 2, ..line("dev", "qa", HandoffState::Submitted, down, "2026-11-23") },
        ];
        assert_snapshot!(inbox::everywhere(&count(&lines, 10), &Screen::of_test()), @"
         TEAM    Its turn   In state                                Actions   Longest
        ──────────────────────────────────────────────────────────────────────────────
         qa      3          1 IN_PROGRESS, 2 SUBMITTED, 1 on hold   0         3 d
         sales   1          1 DRAFT                                 0         33 h
         dev     0                                                  2

        4 open handoffs, 3 teams with something to do
        ");
        assert_snapshot!(inbox::everywhere(&count(&lines, 1), &Screen::of_test()), @"
         TEAM   Its turn   In state                                Actions   Longest
        ─────────────────────────────────────────────────────────────────────────────
         qa     3          1 IN_PROGRESS, 2 SUBMITTED, 1 on hold   0         3 d

        4 open handoffs, 3 teams with something to do; 2 more with a higher --limit
        ");
        assert_snapshot!(inbox::everywhere(&count(&[], 1), &Screen::of_test()), @"
        none

        0 open handoffs, 0 teams with something to do
        ");
    }
}
