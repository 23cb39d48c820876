//! What this service hears: the facts of the others, read into the domain's terms and taken in by one op.

mod checklist;
mod handoff;
mod sla;

use std::ops::RangeInclusive;

use chassis::{
    Tx,
    consumer::{Consumer, Heard as Message},
};
use futures::future::BoxFuture;
use kernel::{Error, Result, Timestamp};

use crate::{
    domain::{
        Side,
        heard::{Heard, News},
    },
    ops,
    store::{Generation, book::Shelf},
};

/// Whom this service hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Producer {
    /// The handoff service.
    Handoff,
    /// The SLA monitor.
    Sla,
    /// The template service.
    Checklist,
}

impl Producer {
    /// Every one; what is measured with comes before what is measured.
    pub(crate) const ALL: [Self; 3] = [Self::Checklist, Self::Sla, Self::Handoff];

    /// Its package.
    pub(crate) fn package(self) -> &'static str {
        match self {
            Self::Handoff => "baton.handoff.v1",
            Self::Sla => "baton.sla.v1",
            Self::Checklist => "baton.checklist.v1",
        }
    }

    /// A fact in the domain's terms.
    pub(crate) fn read(self, message: &Message) -> Result<Heard> {
        let news = match self {
            Self::Handoff => handoff::read(&message.payload)?,
            Self::Sla => sla::read(&message.payload)?,
            Self::Checklist => checklist::read(&message.payload)?,
        };
        Ok(Heard {
            aggregate: message.aggregate.clone(),
            sequence: message.aggregate_seq,
            at: message.occurred_at,
            recorded_at: message.recorded_at,
            historic: message.historic,
            news,
        })
    }
}

/// Takes in what a producer says.
#[derive(Debug, Clone)]
pub(crate) struct Hearing {
    pub(crate) producer: Producer,
    pub(crate) shelf: Shelf,
}

impl Consumer for Hearing {
    fn apply<'t>(&'t self, tx: &'t mut Tx, facts: &'t [Message]) -> BoxFuture<'t, Result<()>> {
        Box::pin(async move {
            let heard = facts.iter().map(|fact| self.producer.read(fact)).collect::<Result<Vec<_>>>()?;
            let generation = Generation::enter(tx).await?;
            let new = ops::hear::take_in(tx, &self.shelf, generation, heard).await?;
            ops::survey::react(tx, generation, &new).await
        })
    }

    fn unpark<'t>(
        &'t self,
        tx: &'t mut Tx,
        aggregate: &'t str,
        given_up: Option<RangeInclusive<i64>>,
    ) -> BoxFuture<'t, Result<()>> {
        Box::pin(async move {
            match given_up {
                Some(places) => ops::hear::give_up(tx, aggregate, &places).await,
                None => Ok(()),
            }
        })
    }
}

fn side(value: i32) -> Result<Side> {
    use api::r#type::v1::Side as Pb;
    match Pb::try_from(value) {
        Ok(Pb::Upstream) => Ok(Side::Upstream),
        Ok(Pb::Downstream) => Ok(Side::Downstream),
        _ => Err(Error::fault("a fact without its side")),
    }
}

fn id<T: From<uuid::Uuid>>(text: &str) -> Result<T> {
    text.parse::<uuid::Uuid>().map(Into::into).map_err(Error::fault)
}

fn slug<T: std::str::FromStr<Err = kernel::BadSlug>>(text: &str) -> Result<T> {
    text.parse().map_err(Error::fault)
}

fn optional_slug<T: std::str::FromStr<Err = kernel::BadSlug>>(text: &str) -> Result<Option<T>> {
    if text.is_empty() { Ok(None) } else { slug(text).map(Some) }
}

fn instant(time: Option<prost_types::Timestamp>) -> Result<Timestamp> {
    optional_instant(time)?.ok_or_else(|| Error::fault("a fact without an instant"))
}

fn optional_instant(time: Option<prost_types::Timestamp>) -> Result<Option<Timestamp>> {
    let Some(time) = time else { return Ok(None) };
    let read = Timestamp::from_seconds_and_nanos(time.seconds, time.nanos);
    read.map(Some).ok_or_else(|| Error::fault("an instant out of range"))
}

/// A fact of a kind that this version does not know: it may matter, so its aggregate waits for a version that does.
fn unknown() -> Result<News> {
    Err(Error::fault("a fact of a kind that this version does not know"))
}
