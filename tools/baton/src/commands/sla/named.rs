//! Which clock is meant: by its id, or by its handoff and its kind.

use std::{convert::Infallible, str::FromStr};

use api::sla::v1::{Clock, ClockKind, GetClockRequest, ListClocksRequest};

use crate::{
    client::{Remote, pages},
    commands::handoff::Reference,
    errors::{Error, Exit, Result},
    session::Session,
    show::sla::clock::{is_open, name},
    words::{self, Word as _},
};

/// A clock's id, or HANDOFF, or HANDOFF:KIND.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    name: String,
    kind: Option<ClockKind>,
}

impl FromStr for Named {
    type Err = Infallible;

    /// What follows the last colon is a kind only where there is such a kind: keys of outside records may hold colons.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        let parts = text.rsplit_once(':').and_then(|(name, kind)| Some((name, ClockKind::parse(kind).ok()?)));
        let (name, kind) = parts.map_or((text, None), |(name, kind)| (name, Some(kind)));
        Ok(Self { name: name.to_owned(), kind })
    }
}

impl Named {
    /// All that are meant: the one of this id, or those of the handoff.
    pub(super) async fn all(&self, sla: &Remote, session: &Session) -> Result<Vec<Clock>> {
        if self.kind.is_some() || self.name.contains('/') {
            return self.of_handoff(sla, session).await;
        }
        let request = GetClockRequest { clock_id: self.name.clone() };
        let answer = sla.call(request, async |request| sla.clocks().get_clock(request).await).await;
        match answer {
            Ok(answer) => Ok(answer.clock.into_iter().collect()),
            // A bare id may be the handoff's.
            Err(error) if error.is_not_found() => self.of_handoff(sla, session).await,
            Err(error) => Err(error),
        }
    }

    /// The one that is meant, of those that `fits`: the open one, or else the one that started last.
    pub(super) async fn one(&self, sla: &Remote, session: &Session, fits: fn(&Clock) -> bool) -> Result<Clock> {
        pick(self.all(sla, session).await?.into_iter().filter(fits).collect()).map_err(|ambiguous| {
            let remedy = if ambiguous.is_empty() {
                format!("look with `baton sla clock {}`", self.name)
            } else {
                format!("name one of {}", ambiguous.join(", "))
            };
            let what = if ambiguous.is_empty() { "there is no such clock" } else { "there are several such clocks" };
            Error::Stated {
                exit: if ambiguous.is_empty() { Exit::NotFound } else { Exit::Usage },
                what: what.to_owned(),
                remedy,
            }
        })
    }

    async fn of_handoff(&self, sla: &Remote, session: &Session) -> Result<Vec<Clock>> {
        let handoff_id = Reference::from(self.name.clone()).known_id(session).await?;
        let kinds = self.kind.into_iter().map(i32::from).collect();
        let filter = ListClocksRequest { handoff_id, kinds, ..ListClocksRequest::default() };
        let (clocks, _) = pages(usize::MAX, async |page_size, page_token| {
            let request = ListClocksRequest { page_size, page_token, ..filter.clone() };
            let page = sla.call(request, async |request| sla.clocks().list_clocks(request).await).await?;
            Ok((page.clocks, page.next_page_token))
        })
        .await?;
        if clocks.is_empty() {
            return Err(Error::Stated {
                exit: Exit::NotFound,
                what: format!("{} has no such clock, or none that you may see", self.name),
                remedy: "the terms of its route name the policy that sets clocks: `baton terms show ROUTE`".to_owned(),
            });
        }
        Ok(clocks)
    }
}

/// The only one that is open; where none is, the one that started last. What else could be meant, by id, where that decides
/// nothing.
fn pick(clocks: Vec<Clock>) -> Result<Clock, Vec<String>> {
    let (mut open, done): (Vec<_>, Vec<_>) = clocks.into_iter().partition(is_open);
    match open.len() {
        0 => done.into_iter().max_by_key(|clock| words::instant(clock.started_at.as_ref())).ok_or_else(Vec::new),
        1 => Ok(open.remove(0)),
        _ => Err(open.iter().map(|clock| format!("{} ({})", clock.id, name(clock))).collect()),
    }
}

#[cfg(test)]
mod tests {
    use api::sla::v1::ClockState;

    use super::*;

    #[test]
    fn a_kind_stands_behind_the_last_colon() {
        let named = |text: &str| text.parse::<Named>().map(|it| (it.name, it.kind)).unwrap();
        assert_eq!(named("crm/D-1:acceptance"), ("crm/D-1".to_owned(), Some(ClockKind::Acceptance)));
        assert_eq!(named("crm/D-1"), ("crm/D-1".to_owned(), None));
        assert_eq!(named("crm/D:1"), ("crm/D:1".to_owned(), None));
        assert_eq!(named("crm/D:1:BEGIN"), ("crm/D:1".to_owned(), Some(ClockKind::Begin)));
    }

    fn clock(id: &str, state: ClockState, started: &str) -> Clock {
        Clock {
            id: id.to_owned(),
            kind: ClockKind::Acceptance.into(),
            state: state.into(),
            started_at: words::parse_time(started).ok(),
            ..Clock::default()
        }
    }

    #[test]
    fn the_open_one_is_meant_or_else_the_latest() {
        let id = |clocks: &[&Clock]| pick(clocks.iter().map(|clock| (*clock).clone()).collect()).map(|clock| clock.id);
        let open = clock("open", ClockState::Running, "2026-11-21");
        let paused = clock("paused", ClockState::Paused, "2026-11-22");
        let [old, new] = [("old", "2026-11-19"), ("new", "2026-11-23")].map(|(id, at)| clock(id, ClockState::Met, at));
        assert_eq!(id(&[&new, &open, &old]), Ok("open".to_owned()));
        assert_eq!(id(&[&old, &new]), Ok("new".to_owned()));
        assert_eq!(id(&[&open, &paused]), Err(vec!["open (ACCEPTANCE)".to_owned(), "paused (ACCEPTANCE)".to_owned()]));
        assert_eq!(id(&[]), Err(vec![]));
    }
}
