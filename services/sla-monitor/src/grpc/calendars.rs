//! Answers about calendars, and arithmetic with them.

use std::sync::Arc;

use api::sla::v1 as pb;
use calendar::Calendar;
use chassis::{Call, into_status};
use kernel::{Error, Timestamp};
use tonic::{Request, Response, Status};

use super::{
    Calendars, found,
    read::{ComputeDue, CreateCalendar, GetCalendar, ListCalendars, MeasureWorkingTime, UpdateCalendar},
    write,
};
use crate::{
    domain::{CalendarId, Refused, book},
    ops, store,
};

/// A version of a calendar, ready to be computed with.
struct Ready {
    calendar: Arc<Calendar>,
    version: i32,
    time_zone: String,
}

impl Calendars {
    /// That version of a calendar; of none, the built-in one.
    async fn ready(&self, id: Option<CalendarId>, version: Option<i32>) -> Result<Ready, Status> {
        let Some(id) = id else {
            return Ok(Ready { calendar: book::always(), version: 0, time_zone: "UTC".to_owned() });
        };
        let (_, version) = found(store::calendar::get(self.0.pool(), &id, version).await, || unknown(&id, version))?;
        let flawed = |flaws| into_status(Error::fault(format!("calendar {id}: {flaws:?}")));
        let calendar = Arc::new(Calendar::new(&version.spec).map_err(flawed)?);
        Ok(Ready { calendar, version: version.number, time_zone: version.spec.time_zone })
    }
}

fn unknown(id: &CalendarId, version: Option<i32>) -> Refused {
    match version {
        Some(version) => Refused::NoVersion { what: format!("calendar {id}"), version },
        None => Refused::CalendarNotFound(id.clone()),
    }
}

fn wall(from: Timestamp, until: Timestamp) -> prost_types::Duration {
    write::micros(until.as_micros() - from.as_micros())
}

#[tonic::async_trait]
impl pb::calendar_service_server::CalendarService for Calendars {
    async fn create_calendar(
        &self,
        request: Request<pb::CreateCalendarRequest>,
    ) -> Result<Response<pb::CreateCalendarResponse>, Status> {
        let (call, CreateCalendar(new)) = Call::parse(request)?;
        self.0
            .once(call, new, |tx, by, new| {
                Box::pin(async move {
                    let made = ops::calendar::create(tx, by, new.clone()).await?;
                    let calendar = Some(write::calendar(made.owner_team.as_ref(), &made.latest));
                    Ok(pb::CreateCalendarResponse { calendar })
                })
            })
            .await
    }

    async fn get_calendar(
        &self,
        request: Request<pb::GetCalendarRequest>,
    ) -> Result<Response<pb::GetCalendarResponse>, Status> {
        let (_, GetCalendar { id, version }) = Call::query(request)?;
        let calendar = store::calendar::get(self.0.pool(), &id, version).await;
        let (owner_team, version) = found(calendar, || unknown(&id, version))?;
        let calendar = Some(write::calendar(owner_team.as_ref(), &version));
        Ok(Response::new(pb::GetCalendarResponse { calendar }))
    }

    async fn list_calendars(
        &self,
        request: Request<pb::ListCalendarsRequest>,
    ) -> Result<Response<pb::ListCalendarsResponse>, Status> {
        let (_, ListCalendars { owner_team, page }) = Call::query(request)?;
        let after = page.after().map(String::as_str).unwrap_or_default();
        let lines = store::calendar::list(self.0.pool(), owner_team.as_ref(), after, page.limit()).await;
        let (lines, next_page_token) = page.cut(lines.map_err(into_status)?, |(_, line)| line.id.to_string());
        let calendars = lines.iter().map(|(owner, version)| write::calendar(owner.as_ref(), version)).collect();
        Ok(Response::new(pb::ListCalendarsResponse { calendars, next_page_token }))
    }

    async fn update_calendar(
        &self,
        request: Request<pb::UpdateCalendarRequest>,
    ) -> Result<Response<pb::UpdateCalendarResponse>, Status> {
        let (call, UpdateCalendar(change)) = Call::parse(request)?;
        self.0
            .once(call, change, |tx, by, change| {
                Box::pin(async move {
                    let (kept, changed) = ops::calendar::update(tx, by, change.clone()).await?;
                    let calendar = Some(write::calendar(kept.owner_team.as_ref(), &kept.latest));
                    Ok(pb::UpdateCalendarResponse { calendar, changed })
                })
            })
            .await
    }

    async fn compute_due(
        &self,
        request: Request<pb::ComputeDueRequest>,
    ) -> Result<Response<pb::ComputeDueResponse>, Status> {
        let (_, ComputeDue { id, version, start, duration }) = Call::query(request)?;
        let ready = self.ready(id, version).await?;
        let due_at = ready.calendar.due(start, duration).map_err(|_| into_status(Refused::Beyond.into()))?;
        Ok(Response::new(pb::ComputeDueResponse {
            due_at: Some(api::timestamp(due_at)),
            calendar_version: ready.version,
            tz_version: calendar::TZ_VERSION.to_owned(),
            time_zone: ready.time_zone,
            working: Some(write::micros(ready.calendar.between(start, due_at))),
            wall: Some(wall(start, due_at)),
        }))
    }

    async fn measure_working_time(
        &self,
        request: Request<pb::MeasureWorkingTimeRequest>,
    ) -> Result<Response<pb::MeasureWorkingTimeResponse>, Status> {
        let (_, MeasureWorkingTime { id, version, from, to }) = Call::query(request)?;
        let ready = self.ready(id, version).await?;
        Ok(Response::new(pb::MeasureWorkingTimeResponse {
            working: Some(write::micros(ready.calendar.between(from, to))),
            wall: Some(wall(from, to)),
            calendar_version: ready.version,
            tz_version: calendar::TZ_VERSION.to_owned(),
        }))
    }
}
