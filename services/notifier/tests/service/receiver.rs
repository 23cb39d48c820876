//! A program that takes webhooks: what it got, and what it answers.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use testkit::eventually;
use tokio::{net::TcpListener, task::JoinHandle};

/// What it got.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Got {
    pub(crate) fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("what is sent is JSON")
    }

    /// The fact's name: `handoff_submitted`.
    pub(crate) fn event(&self) -> String {
        let event = self.json();
        event["type"].as_str().and_then(|it| it.rsplit('.').next()).unwrap_or_default().to_owned()
    }
}

/// What it answers.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Status(u16),
    /// A status with a header.
    With(u16, &'static str, String),
    /// Nothing, for as long as the test runs.
    Silence,
}

#[derive(Debug)]
struct Shared {
    got: Vec<Got>,
    answer: Answer,
}

/// It ends with the test.
#[derive(Debug)]
pub(crate) struct Receiver {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    serving: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Receiver {
    /// One that takes everything.
    pub(crate) async fn start() -> Self {
        Self::answering(Answer::Status(204)).await
    }

    pub(crate) async fn answering(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Mutex::new(Shared { got: vec![], answer }));
        let router = Router::new().fallback(take).with_state(shared.clone());
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves");
        });
        Self { address, shared, serving }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn answers(&self, answer: Answer) {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).answer = answer;
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).got.clone()
    }

    pub(crate) fn events(&self) -> Vec<String> {
        self.got().iter().map(Got::event).collect()
    }

    /// What it has got once it is so many.
    pub(crate) async fn has(&self, many: usize) -> Vec<Got> {
        eventually("the receiver gets what it is sent", async || Some(self.got()).filter(|it| it.len() >= many)).await
    }
}

async fn take(State(shared): State<Arc<Mutex<Shared>>>, headers: HeaderMap, body: Bytes) -> Response {
    let read = headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()));
    let got = Got { headers: read.collect(), body: String::from_utf8_lossy(&body).into_owned() };
    let answer = {
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.got.push(got);
        shared.answer.clone()
    };
    match answer {
        Answer::Status(status) => StatusCode::from_u16(status).expect("a status").into_response(),
        Answer::With(status, name, value) => {
            (StatusCode::from_u16(status).expect("a status"), [(name, value)]).into_response()
        }
        Answer::Silence => std::future::pending().await,
    }
}
