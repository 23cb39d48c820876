//! Answers about clocks.

use std::pin::Pin;

use api::sla::v1::{self as pb, watch_clocks_response::What};
use chassis::{
    Call,
    feed::{Delivery, Watcher},
    into_status,
};
use kernel::Actor;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status};

use super::{
    Clocks, found,
    read::{
        AcknowledgeBreach, ExcuseBreach, ExplainClock, GetAttainment, GetClock, ListClocks, MigrateClocks, WatchClocks,
    },
    write,
};
use crate::{
    domain::{Book, ClockId, Course, Refused, clock::EntryKind},
    feeds::{Told, Wanted},
    ops::{self, clock::Done},
    store::{self, Viewer, clock::Found},
};

/// A ledger tells so many stretches.
const ENTRIES_MAX: usize = 5_000;

type Watching = Pin<Box<dyn Stream<Item = Result<pb::WatchClocksResponse, Status>> + Send>>;

impl Clocks {
    async fn find(&self, by: &Actor, id: ClockId) -> Result<Found, Status> {
        let clock = store::clock::get(self.context.pool(), &Viewer::of(by), id).await;
        found(clock, || Refused::ClockNotFound(id))
    }

    async fn book<'c>(&self, courses: impl IntoIterator<Item = &'c Course>) -> Result<Book, Status> {
        let mut connection = self.context.pool().acquire().await.map_err(|error| into_status(error.into()))?;
        self.shelf.pinned(&mut connection, courses).await.map_err(into_status)
    }

    async fn now(&self) -> Result<kernel::Timestamp, Status> {
        self.context.now().await.map_err(into_status)
    }
}

fn done(done: &Done) -> pb::Clock {
    write::clock(&done.course, &done.view, done.course.revision)
}

#[tonic::async_trait]
impl pb::clock_service_server::ClockService for Clocks {
    type WatchClocksStream = Watching;

    async fn get_clock(&self, request: Request<pb::GetClockRequest>) -> Result<Response<pb::GetClockResponse>, Status> {
        let (by, GetClock { id }) = Call::query(request)?;
        let Found { course, clock, .. } = self.find(&by, id).await?;
        let book = self.book([&course]).await?;
        let view = clock.view(self.now().await?, &book);
        let clock = Some(write::clock(&course, &view, course.revision));
        Ok(Response::new(pb::GetClockResponse { clock }))
    }

    async fn list_clocks(
        &self,
        request: Request<pb::ListClocksRequest>,
    ) -> Result<Response<pb::ListClocksResponse>, Status> {
        let (by, ListClocks { filter, page }) = Call::query(request)?;
        let lines = store::clock::list(self.context.pool(), &Viewer::of(&by), &filter, &page).await;
        let (lines, next_page_token) = page.cut(lines.map_err(into_status)?, Found::cursor);
        let (book, now) = (self.book(lines.iter().map(|line| &line.course)).await?, self.now().await?);
        let write =
            |Found { course, clock, .. }: &Found| write::clock(course, &clock.view(now, &book), course.revision);
        Ok(Response::new(pb::ListClocksResponse { clocks: lines.iter().map(write).collect(), next_page_token }))
    }

    async fn explain_clock(
        &self,
        request: Request<pb::ExplainClockRequest>,
    ) -> Result<Response<pb::ExplainClockResponse>, Status> {
        let (by, ExplainClock { id, at }) = Call::query(request)?;
        let Found { course, clock, .. } = self.find(&by, id).await?;
        let (book, now) = (self.book([&course]).await?, self.now().await?);
        let ledger = clock.ledger(at.unwrap_or(now), &book);
        let sum = |of: fn(&EntryKind) -> bool| {
            let lengths = ledger.entries.iter().filter(|entry| of(&entry.kind));
            lengths.map(crate::domain::clock::Entry::length).sum::<i64>()
        };
        let open = sum(|kind| *kind == EntryKind::Open);
        Ok(Response::new(pb::ExplainClockResponse {
            clock: Some(write::clock(&course, &clock.view(now, &book), course.revision)),
            entries: ledger.entries.iter().take(ENTRIES_MAX).map(write::entry).collect(),
            wall: Some(write::micros(ledger.until.as_micros() - clock.started_at.as_micros())),
            open: Some(write::micros(open)),
            closed: Some(write::micros(sum(|kind| *kind == EntryKind::Closed))),
            paused: Some(write::micros(sum(|kind| matches!(kind, EntryKind::Paused(_))))),
            remaining: Some(write::micros(clock.target - open)),
            truncated: ledger.entries.len() > ENTRIES_MAX,
        }))
    }

    async fn watch_clocks(&self, request: Request<pb::WatchClocksRequest>) -> Result<Response<Watching>, Status> {
        let watcher = Watcher::of(&request)?;
        let (by, WatchClocks { filter, filter_bytes, resume_token }) = Call::query(request)?;
        let wanted = Wanted { viewer: Viewer::of(&by), filter };
        let told = self.feed.watch(watcher, wanted, &filter_bytes, &resume_token).await.map_err(into_status)?;
        let clocks = Self { context: self.context.clone(), shelf: self.shelf.clone(), feed: self.feed.clone() };
        let answers = told.then(move |delivery| {
            let clocks =
                Self { context: clocks.context.clone(), shelf: clocks.shelf.clone(), feed: clocks.feed.clone() };
            async move { clocks.told(delivery?).await }
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn migrate_clocks(
        &self,
        request: Request<pb::MigrateClocksRequest>,
    ) -> Result<Response<pb::MigrateClocksResponse>, Status> {
        let (call, MigrateClocks(asked)) = Call::parse(request)?;
        let answer = self
            .context
            .once(call, (asked, self.shelf.clone()), |tx, by, (asked, shelf)| {
                Box::pin(async move {
                    let moved = ops::clock::migrate(tx, shelf, by, asked).await?;
                    let moves = moved.moves.iter();
                    Ok(pb::MigrateClocksResponse {
                        moves: moves.map(|(course, before, after)| write::moved(course, before, after)).collect(),
                        more: moved.more,
                        to_version: moved.to_version,
                    })
                })
            })
            .await;
        self.context.stir();
        answer
    }

    async fn acknowledge_breach(
        &self,
        request: Request<pb::AcknowledgeBreachRequest>,
    ) -> Result<Response<pb::AcknowledgeBreachResponse>, Status> {
        let (call, AcknowledgeBreach { id, said }) = Call::parse(request)?;
        self.context
            .once(call, (id, said, self.shelf.clone()), |tx, by, (id, said, shelf)| {
                Box::pin(async move {
                    let clock = ops::clock::acknowledge(tx, shelf, by, *id, said.clone()).await?;
                    Ok(pb::AcknowledgeBreachResponse { clock: Some(done(&clock)) })
                })
            })
            .await
    }

    async fn excuse_breach(
        &self,
        request: Request<pb::ExcuseBreachRequest>,
    ) -> Result<Response<pb::ExcuseBreachResponse>, Status> {
        let (call, ExcuseBreach { id, reason }) = Call::parse(request)?;
        self.context
            .once(call, (id, reason, self.shelf.clone()), |tx, by, (id, reason, shelf)| {
                Box::pin(async move {
                    let clock = ops::clock::excuse(tx, shelf, by, *id, reason.clone()).await?;
                    Ok(pb::ExcuseBreachResponse { clock: Some(done(&clock)) })
                })
            })
            .await
    }

    async fn get_attainment(
        &self,
        request: Request<pb::GetAttainmentRequest>,
    ) -> Result<Response<pb::GetAttainmentResponse>, Status> {
        let (by, GetAttainment(cohort)) = Call::query(request)?;
        let now = self.now().await?;
        let lines = store::clock::attainment(self.context.pool(), &Viewer::of(&by), &cohort, now).await;
        let mut lines = lines.map_err(into_status)?.into_iter();
        let total = lines.next();
        let line_count = total.as_ref().map_or(0, |total| total.lines);
        Ok(Response::new(pb::GetAttainmentResponse {
            lines: lines.map(write::attainment).collect(),
            total: total.map(write::attainment),
            line_count: i32::try_from(line_count).unwrap_or(i32::MAX),
        }))
    }
}

impl Clocks {
    async fn told(&self, Delivery { resume_token, told }: Delivery<Told>) -> Result<pb::WatchClocksResponse, Status> {
        let what = match told {
            None => What::Bookmark(pb::ClockBookmark {}),
            Some(Told { handoff_id, clocks, facts }) => {
                let (book, now) = (self.book(clocks.iter().map(|found| &found.course)).await?, self.now().await?);
                let write = |found: &std::sync::Arc<Found>| {
                    write::clock(&found.course, &found.clock.view(now, &book), found.course.revision)
                };
                let clocks = clocks.iter().map(write).collect();
                What::Changed(pb::ChangedClocks { handoff_id: handoff_id.to_string(), clocks, facts })
            }
        };
        Ok(pb::WatchClocksResponse { what: Some(what), resume_token })
    }
}
