//! What time does.

mod gauges;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chassis::{Context, Next};
use kernel::{Error, Result};
use tokio::time::Instant;

use crate::{
    domain::{
        Day, Query, RouteId, Total,
        query::{Historic, Scope},
        report::report,
        suggestion::suggest,
    },
    ops,
    store::{self, Generation, book::Shelf, suggestion::ToLook},
};

/// A return counts within so many days.
const RETURN_DAYS: i32 = 14;

/// Asks both sides again where that is due, some at a time.
pub(crate) async fn follow_up(context: Context) -> Result<Next> {
    let asked = context.transact("", &(), |tx, ()| Box::pin(ops::survey::follow_up(tx)));
    Ok(if asked.await? > 0 { Next::AtOnce } else { Next::Idle })
}

/// Measures handoffs anew that a calendar has changed for, some at a time.
pub(crate) async fn measure_stale(context: Context, shelf: Shelf) -> Result<Next> {
    let measured = context.transact("", &shelf, |tx, shelf| {
        Box::pin(async move {
            let generation = Generation::enter(tx).await?;
            ops::hear::measure_stale(tx, shelf, generation).await
        })
    });
    Ok(if measured.await? > 0 { Next::AtOnce } else { Next::Idle })
}

/// Says which routes and improvements are to be looked at.
pub(crate) async fn reviews(context: Context) -> Result<Next> {
    let due = context.transact("", &(), |tx, ()| Box::pin(ops::improve::reviews(tx)));
    Ok(if due.await? > 0 { Next::AtOnce } else { Next::Idle })
}

/// Adds up months every so often, looks at what figures suggest, and tells Prometheus the same figures.
#[derive(Debug, Clone)]
pub(crate) struct Looking {
    shelf: Shelf,
    every: Duration,
    days: i32,
    round: Arc<Mutex<Round>>,
}

/// One look at everything: several ticks, so that a replica that is to stop stops between them.
#[derive(Debug, Clone, Default)]
struct Round {
    began: Option<Instant>,
    is_done: bool,
    /// Routes that were looked at; each is once, however much is heard of it meanwhile.
    routes: Vec<String>,
}

impl Looking {
    pub(crate) fn new(shelf: Shelf, every: Duration, days: i32) -> Self {
        Self { shelf, every, days, round: Arc::default() }
    }

    /// A part of a look; the next look is due after a while.
    pub(crate) async fn tick(self, context: Context) -> Result<Next> {
        let Some(looked_at) = self.due() else { return Ok(Next::Idle) };
        if add_up_months(&context).await? || self.suggestions(&context, &looked_at).await? {
            return Ok(Next::AtOnce);
        }
        self.gauges(&context).await?;
        self.round().is_done = true;
        Ok(Next::Idle)
    }

    /// The routes that the round under way has looked at; none where no round is due.
    fn due(&self) -> Option<Vec<String>> {
        let mut round = self.round();
        if round.began.is_none_or(|began| round.is_done && began.elapsed() >= self.every) {
            *round = Round { began: Some(Instant::now()), ..Round::default() };
        }
        (!round.is_done).then(|| round.routes.clone())
    }

    fn round(&self) -> MutexGuard<'_, Round> {
        self.round.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at some routes that this round has not looked at; false where there are none. One that cannot be looked at holds up no
    /// other: the next round tries it again.
    async fn suggestions(&self, context: &Context, looked_at: &[String]) -> Result<bool> {
        let now = context.now().await?;
        let to_look = store::suggestion::to_look(context.pool(), now, looked_at).await?;
        if to_look.is_empty() {
            return Ok(false);
        }
        let routes: Vec<RouteId> = to_look.iter().map(|it| it.id.clone()).collect();
        let of = |it: &ToLook| self.query(Scope::Routes(vec![it.id.clone()]), Historic::Include, now);
        let mut totals: Vec<Total> = to_look.iter().map(|it| Total::new(of(it))).collect();
        let mut snapshot = store::report::snapshot(context.pool()).await?;
        store::report::fill(&mut snapshot, &self.shelf, &Scope::Routes(routes), &mut totals).await?;
        drop(snapshot);
        for (route, total) in to_look.into_iter().zip(&totals) {
            let id = route.id.to_string();
            let work = (suggest(&route.known, total), route);
            let looked =
                context.transact("", &work, |tx, (findings, route)| Box::pin(ops::improve::look(tx, route, findings)));
            match looked.await {
                Err(error @ (Error::Refused(_) | Error::Fault(_) | Error::Busy(_))) => {
                    tracing::error!(
                        route = id,
                        error = chassis::chain(&error),
                        "a route cannot be looked at for suggestions"
                    );
                }
                looked => drop(looked?),
            }
            self.round().routes.push(id);
        }
        Ok(true)
    }

    /// The figures of everything that was not imported, without ids as labels.
    async fn gauges(&self, context: &Context) -> Result<()> {
        let query = self.query(Scope::All, Historic::Exclude, context.now().await?);
        let mut totals = [Total::new(query)];
        let mut snapshot = store::report::snapshot(context.pool()).await?;
        store::report::fill(&mut snapshot, &self.shelf, &Scope::All, &mut totals).await?;
        gauges::tell(&report(&totals[0]));
        Ok(())
    }

    fn query(&self, scope: Scope, historic: Historic, now: kernel::Timestamp) -> Query {
        let until = Day::of(now).plus(1);
        let from = until.plus(-self.days);
        Query { scope, from, until, as_of: now, historic, version: None, return_days: RETURN_DAYS }
    }
}

/// Adds up some months that have passed, so that wide windows read few rows; false where there are none.
async fn add_up_months(context: &Context) -> Result<bool> {
    let added = context.transact("", &(), |tx, ()| {
        Box::pin(async move {
            let generation = Generation::enter(tx).await?;
            store::sums::add_up_months(tx, generation).await
        })
    });
    Ok(added.await? > 0)
}
