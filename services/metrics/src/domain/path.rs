//! The ways that work took: over handoffs that follow each other or share an outside record.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use kernel::Timestamp;

use super::{
    Day, HandoffId, Query, Story, TeamId,
    heard::{Tie, What},
    sums::Cohort,
};

/// A way that came back to a team which had handed the work on, how many pieces of work went it, and one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The teams, one after the other.
    pub teams: Vec<TeamId>,
    /// How many pieces of work.
    pub count: i64,
    /// The latest of them: an outside record that it shares, or its first handoff; none where one of its handoffs is confidential.
    pub example: Option<String>,
}

/// The ways of work of which a handoff is asked for and was created on the days asked for, as it stood at `as_of`; the most frequent
/// first.
pub fn paths(stories: &[Story], query: &Query) -> Vec<Path> {
    let stories: Vec<Story> = stories.iter().map(|story| story.until(query.as_of)).collect();
    let mut pieces: Vec<Piece<'_>> = stories.iter().filter_map(Piece::of).collect();
    pieces.sort_by_key(|piece| (piece.created_at, piece.story.id));
    let mut ways = BTreeMap::<Vec<TeamId>, (i64, Option<String>)>::new();
    for work in join(&pieces) {
        let is_asked = work.iter().any(|piece| query.has_day(Day::of(piece.created_at)) && query.has(&piece.cohort()));
        let teams = way(&work);
        let comes_back = teams.iter().collect::<BTreeSet<_>>().len() < teams.len();
        if is_asked && comes_back {
            let way = ways.entry(teams).or_default();
            way.0 += 1;
            way.1 = example(&work);
        }
    }
    let mut paths: Vec<Path> =
        ways.into_iter().map(|(teams, (count, example))| Path { teams, count, example }).collect();
    paths.sort_by_key(|path| (Reverse(path.count), path.teams.clone()));
    paths
}

/// A handoff of a piece of work.
struct Piece<'s> {
    story: &'s Story,
    created_at: Timestamp,
    ties: BTreeSet<Tie>,
}

impl<'s> Piece<'s> {
    fn of(story: &'s Story) -> Option<Self> {
        let first = story.facts.first()?;
        let mut held = BTreeSet::new();
        for fact in &story.facts {
            match &fact.what {
                What::Created { ties, .. } => held.clone_from(ties),
                What::Tied(ties) => {
                    held.retain(|tie| matches!(tie, Tie::Follows(_)));
                    held.extend(ties.iter().cloned());
                }
                What::TieAdded(tie) => {
                    held.insert(tie.clone());
                }
                What::TieRemoved(tie) => {
                    held.remove(tie);
                }
                _ => {}
            }
        }
        Some(Self { story, created_at: first.at, ties: held })
    }

    fn cohort(&self) -> Cohort {
        let (about, first) = (&self.story.about, self.story.facts.first());
        Cohort {
            route_id: about.route_id.clone(),
            from_team: about.from_team.clone(),
            to_team: about.to_team.clone(),
            template: super::Life::of(self.story).and_then(|life| life.template),
            terms_version: first.map_or(0, |fact| match &fact.what {
                What::Created { terms_version, .. } => *terms_version,
                _ => 0,
            }),
            policy: super::measure::first_policy(self.story),
            historic: first.is_some_and(|fact| fact.historic),
        }
    }
}

/// Pieces that have a tie in common, or of which one follows the other, in the order of their creation.
fn join<'p, 's>(pieces: &'p [Piece<'s>]) -> Vec<Vec<&'p Piece<'s>>> {
    let place: BTreeMap<HandoffId, usize> =
        pieces.iter().enumerate().map(|(place, piece)| (piece.story.id, place)).collect();
    let mut leads: Vec<usize> = (0..pieces.len()).collect();
    let mut seen = BTreeMap::<&Tie, usize>::new();
    for (own, piece) in pieces.iter().enumerate() {
        for tie in &piece.ties {
            let other = match tie {
                Tie::Follows(before) => place.get(before).copied(),
                Tie::Record(_) => Some(*seen.entry(tie).or_insert(own)),
            };
            if let Some(other) = other {
                let (a, b) = (lead(&mut leads, own), lead(&mut leads, other));
                leads[a.max(b)] = a.min(b);
            }
        }
    }
    let mut works = BTreeMap::<usize, Vec<&Piece<'s>>>::new();
    for (own, piece) in pieces.iter().enumerate() {
        works.entry(lead(&mut leads, own)).or_default().push(piece);
    }
    works.into_values().collect()
}

fn lead(leads: &mut [usize], mut place: usize) -> usize {
    while leads[place] != place {
        leads[place] = leads[leads[place]];
        place = leads[place];
    }
    place
}

/// From team to team; where a handoff begins elsewhere than the one before it ended, that team, too.
fn way(work: &[&Piece<'_>]) -> Vec<TeamId> {
    let mut teams: Vec<TeamId> = vec![];
    for piece in work {
        for team in [&piece.story.about.from_team, &piece.story.about.to_team] {
            if teams.last() != Some(team) {
                teams.push(team.clone());
            }
        }
    }
    teams
}

fn example(work: &[&Piece<'_>]) -> Option<String> {
    if work.iter().any(|piece| piece.story.about.confidential) {
        return None;
    }
    let record = work.iter().flat_map(|piece| &piece.ties).find_map(|tie| match tie {
        Tie::Record(record) => Some(record.clone()),
        Tie::Follows(_) => None,
    });
    record.or_else(|| Some(work.first()?.story.id.to_string()))
}
