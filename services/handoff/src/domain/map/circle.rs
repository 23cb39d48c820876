//! Circles of teams: those that reach each other over routes.

use std::collections::{BTreeMap, VecDeque};

use crate::domain::TeamId;

/// Teams of which each reaches each.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Circle<'a> {
    /// All of them, by id.
    pub(super) teams: Vec<&'a TeamId>,
    /// A shortest way round among them; of several the first by its teams.
    pub(super) shortest: Vec<&'a TeamId>,
}

/// The circles of a graph of teams, by their first team: strongly connected components of more than one team, each once.
pub(super) fn circles<'a>(edges: impl Iterator<Item = (&'a TeamId, &'a TeamId)>) -> Vec<Circle<'a>> {
    let edges: Vec<_> = edges.collect();
    let mut numbers: BTreeMap<&TeamId, usize> = edges.iter().flat_map(|(from, to)| [(*from, 0), (*to, 0)]).collect();
    for (number, place) in numbers.values_mut().enumerate() {
        *place = number;
    }
    let names: Vec<_> = numbers.keys().copied().collect();
    let mut next: Vec<Vec<usize>> = vec![vec![]; names.len()];
    for (from, to) in edges {
        next[numbers[from]].push(numbers[to]);
    }
    for ends in &mut next {
        ends.sort_unstable();
        ends.dedup();
    }
    let component = components(&next);
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (node, component) in component.iter().enumerate() {
        members.entry(*component).or_default().push(node);
    }
    let mut circles: Vec<_> = members
        .into_values()
        .filter(|nodes| nodes.len() > 1)
        .map(|nodes| Circle {
            shortest: shortest(&next, &component, &nodes).into_iter().map(|node| names[node]).collect(),
            teams: nodes.into_iter().map(|node| names[node]).collect(),
        })
        .collect();
    circles.sort_by_key(|circle| circle.teams[0]);
    circles
}

/// The component of each node (Tarjan's algorithm, without recursion: a map may be one long chain).
fn components(next: &[Vec<usize>]) -> Vec<usize> {
    const UNSEEN: usize = usize::MAX;
    let mut index = vec![UNSEEN; next.len()];
    let mut low = vec![0; next.len()];
    let mut component = vec![UNSEEN; next.len()];
    let (mut open, mut seen) = (vec![], 0);
    for root in 0..next.len() {
        if index[root] != UNSEEN {
            continue;
        }
        // The nodes on the way from the root, each with how many of its edges were followed.
        let mut way = vec![(root, 0)];
        while let Some((node, followed)) = way.last_mut() {
            let node = *node;
            if *followed == 0 {
                index[node] = seen;
                low[node] = seen;
                seen += 1;
                open.push(node);
            }
            if let Some(end) = next[node].get(*followed) {
                *followed += 1;
                if index[*end] == UNSEEN {
                    way.push((*end, 0));
                } else if component[*end] == UNSEEN {
                    low[node] = low[node].min(index[*end]);
                }
                continue;
            }
            way.pop();
            if let Some((before, _)) = way.last() {
                low[*before] = low[*before].min(low[node]);
            }
            if low[node] == index[node] {
                while let Some(member) = open.pop() {
                    component[member] = node;
                    if member == node {
                        break;
                    }
                }
            }
        }
    }
    component
}

/// A shortest way round through a component: from each of its nodes in order, until one of two steps is found.
fn shortest(next: &[Vec<usize>], component: &[usize], nodes: &[usize]) -> Vec<usize> {
    let mut best: Vec<usize> = vec![];
    for &start in nodes {
        let found = round(next, component, start, best.len());
        if !found.is_empty() {
            best = found;
        }
        if best.len() == 2 {
            break;
        }
    }
    best
}

/// A shortest way from a node back to it inside its component, if it is shorter than `bound` (0: of any length); else empty.
fn round(next: &[Vec<usize>], component: &[usize], start: usize, bound: usize) -> Vec<usize> {
    let mut came_from: BTreeMap<usize, usize> = BTreeMap::new();
    let mut queue = VecDeque::from([(start, 1)]);
    while let Some((node, length)) = queue.pop_front() {
        if bound != 0 && length >= bound {
            return vec![];
        }
        for &end in next[node].iter().filter(|end| component[**end] == component[start]) {
            if end == start {
                let mut way = vec![node];
                while way[way.len() - 1] != start {
                    way.push(came_from[&way[way.len() - 1]]);
                }
                way.reverse();
                return way;
            }
            came_from.entry(end).or_insert_with(|| {
                queue.push_back((end, length + 1));
                node
            });
        }
    }
    vec![]
}
