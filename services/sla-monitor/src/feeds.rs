//! What this service's watchers are told: which changes of clocks are theirs to see.

use std::{collections::HashMap, sync::Arc};

use chassis::feed::{Change, Watched};
use kernel::Result;
use sqlx::PgPool;

use crate::{
    domain::{HandoffId, TeamId, policy::Kind},
    store::{
        Viewer,
        clock::{Found, of_handoffs},
    },
};

/// The clocks of a handoff.
#[derive(Debug)]
pub(crate) struct Live {
    id: HandoffId,
    clocks: Vec<Arc<Found>>,
}

/// What a watcher asked for; all of it must hold together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) handoff_id: Option<HandoffId>,
    pub(crate) team: Option<TeamId>,
    /// None of them is all of them.
    pub(crate) kinds: Vec<Kind>,
}

/// A watcher: who looks, and at what.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) viewer: Viewer,
    pub(crate) filter: Filter,
}

/// What a watcher is told of a change.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) handoff_id: HandoffId,
    /// Those that match; none where they can be seen no more.
    pub(crate) clocks: Vec<Arc<Found>>,
    /// What happened, by name.
    pub(crate) facts: Vec<String>,
}

impl Watched for Live {
    const KIND: &'static str = "clocks";

    type Filter = Wanted;
    type Told = Told;

    async fn load(pool: &PgPool, names: Vec<String>) -> Result<HashMap<String, Self>> {
        let ids: Vec<uuid::Uuid> = names.iter().filter_map(|name| name.split_once('/')?.1.parse().ok()).collect();
        let mut connection = pool.acquire().await?;
        let mut live: HashMap<String, Self> = HashMap::new();
        for found in of_handoffs(&mut connection, &ids).await? {
            let id = found.course.id;
            let of_handoff = live.entry(format!("{}/{id}", Self::KIND)).or_insert_with(|| Self { id, clocks: vec![] });
            of_handoff.clocks.push(Arc::new(found));
        }
        Ok(live)
    }

    fn tell(change: &Arc<Change<Self>>, wanted: &Wanted) -> Option<Told> {
        let (live, filter) = (&*change.state, &wanted.filter);
        if filter.handoff_id.is_some_and(|id| id != live.id) {
            return None;
        }
        let matches = |found: &&Arc<Found>| {
            let team = found.course.team(found.clock.side);
            filter.team.as_ref().is_none_or(|it| it == team)
                && (filter.kinds.is_empty() || filter.kinds.contains(&found.clock.kind))
        };
        let clocks: Vec<Arc<Found>> = live.clocks.iter().filter(matches).cloned().collect();
        let about = &clocks.first()?.course.standing.about;
        let told = |clocks, facts| Some(Told { handoff_id: live.id, clocks, facts });
        if !wanted.viewer.sees(about.confidential, [about.from_team.as_str(), about.to_team.as_str()]) {
            return change.facts.iter().any(|fact| fact.hides).then(|| told(vec![], vec![]))?;
        }
        let name = |it: &str| it.rsplit('.').next().unwrap_or_default().to_owned();
        told(clocks, change.facts.iter().map(|fact| name(&fact.r#type)).collect())
    }
}
