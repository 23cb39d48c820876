//! Answers to those who watch.

use std::pin::Pin;

use api::handoff::v1::{self as pb, watch_handoffs_response::What};
use chassis::{
    Call,
    feed::{Delivery, Fact, Watcher},
    into_status,
};
use kernel::Actor;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status};

use super::{Handoffs, requests::WatchHandoffs, responses::into_line};
use crate::{
    feeds::{Told, Wanted},
    store::Viewer,
};

/// What a watcher is told, for as long as it listens.
pub(super) type Watching = Pin<Box<dyn Stream<Item = Result<pb::WatchHandoffsResponse, Status>> + Send>>;

impl Handoffs {
    pub(super) async fn watch(&self, request: Request<pb::WatchHandoffsRequest>) -> Result<Response<Watching>, Status> {
        let watcher = Watcher::of(&request)?;
        let (by, WatchHandoffs { filter, filter_bytes, resume_token }) = Call::query(request)?;
        let wanted = Wanted { viewer: Viewer::of(&by), filter };
        let told = self.feed.watch(watcher, wanted, &filter_bytes, &resume_token).await.map_err(into_status)?;
        Ok(Response::new(Box::pin(told.map(|delivery| delivery.map(into_response)))))
    }

    /// From where to watch after a list, which is read after this; with its first page alone.
    pub(super) async fn list_token(&self, by: &Actor, is_first_page: bool) -> Result<String, Status> {
        if is_first_page { self.feed.token(by).await.map_err(into_status) } else { Ok(String::new()) }
    }
}

fn into_response(Delivery { resume_token, told }: Delivery<Told>) -> pb::WatchHandoffsResponse {
    let what = match told {
        None => What::Bookmark(pb::WatchBookmark {}),
        Some(Told::Gone(id)) => What::Gone(id.to_string()),
        Some(Told::Changed(change)) => What::Changed(Box::new(pb::HandoffChanged {
            line: Some(into_line(change.state.line.clone())),
            facts: change.facts.iter().map(into_fact).collect(),
        })),
    };
    pb::WatchHandoffsResponse { resume_token, what: Some(what) }
}

fn into_fact(fact: &Fact) -> pb::WatchedFact {
    let (_, name) = fact.r#type.rsplit_once('.').unwrap_or_default();
    pb::WatchedFact {
        sequence: fact.sequence,
        r#type: name.to_owned(),
        actor: fact.actor.clone(),
        occurred_at: Some(api::timestamp(fact.occurred_at)),
    }
}
