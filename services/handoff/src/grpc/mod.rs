//! The gRPC face: read, act, write.

mod directory;
mod handoffs;
mod import;
mod map;
mod requests;
pub(crate) mod responses;
mod routes;
mod timeline;
pub(crate) mod twins;
mod watch;

use std::pin::Pin;

use chassis::{Call, Context, Parse, Tx, feed::Feed, into_status};
use kernel::{Actor, Result};
use prost::Message;
use tonic::{Request, Response, Status};

use crate::{domain::Refused, feeds::Live, templates::Templates};

/// Answers about teams.
pub(crate) struct Directory(pub(crate) Context);

/// Answers about routes.
pub(crate) struct Routes {
    pub(crate) context: Context,
    pub(crate) templates: Templates,
}

/// Answers about handoffs.
pub(crate) struct Handoffs {
    pub(crate) context: Context,
    pub(crate) templates: Templates,
    pub(crate) feed: Feed<Live>,
}

/// An op on its way.
type Doing<'t, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 't>>;

/// Most commands: parsed, done by one op exactly once, answered with what it left behind.
async fn act<C, T, R>(
    context: &Context,
    request: Request<C::Request>,
    op: impl for<'t> Fn(&'t mut Tx, &'t Actor, &'t C) -> Doing<'t, T> + Send + Sync + 'static,
    answer: fn(&T) -> R,
) -> Result<Response<R>, Status>
where
    C: Parse + Send + Sync + 'static,
    T: Send + 'static,
    R: Message + Default + 'static,
{
    let (call, command) = Call::parse::<C>(request)?;
    context
        .once(call, command, move |tx, by, command| {
            let done = op(tx, by, command);
            Box::pin(async move { Ok(answer(&done.await?)) })
        })
        .await
}

/// What was asked for, or NOT_FOUND.
fn found<T>(found: Result<Option<T>>, kind: &'static str, id: impl ToString) -> Result<T, Status> {
    let unknown = || into_status(Refused::NotFound { kind, id: id.to_string() }.into());
    found.map_err(into_status)?.ok_or_else(unknown)
}
