//! Calls of web pages: gRPC-web by HTTP/1.1, and what a browser asks before.

use std::{collections::BTreeMap, net::SocketAddr};

use api::handoff::v1 as pb;
use base64::{Engine, engine::general_purpose::STANDARD};
use prost::Message;
use testkit::{People, Served, Setting, refusal};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tonic::{Code, Status};

use crate::{
    probe::{Config, Deed, Probe, request},
    servers::Hold,
    wire::{COUNT, framed},
};

const BINARY: &str = "application/grpc-web+proto";
const TEXT: &str = "application/grpc-web-text";
const PAGE: &str = "https://app.example";

/// What came back.
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// One request, letter by letter, on a connection of its own.
async fn send(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.expect("the service listens");
    let lines: String = headers.iter().map(|(name, value)| [name, ": ", value, "\r\n"].concat()).collect();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n{lines}\r\n"
    );
    stream.write_all(&[head.as_bytes(), body].concat()).await.expect("it is taken");
    let mut bytes = vec![];
    stream.read_to_end(&mut bytes).await.expect("an answer");
    let end = bytes.windows(4).position(|it| it == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(bytes[..end].to_vec()).expect("in ASCII");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let is_chunked = headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked");
    let body = if is_chunked { unchunked(&bytes[end + 4..]) } else { bytes[end + 4..].to_vec() };
    Answer { status: status.expect("a status line"), headers, body }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = vec![];
    loop {
        let end = rest.windows(2).position(|it| it == b"\r\n").expect("a chunk's head");
        let length = std::str::from_utf8(&rest[..end]).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
        let length = length.expect("a length");
        if length == 0 {
            return body;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + length]);
        rest = &rest[end + 2 + length + 2..];
    }
}

/// A call of a page, with a good token unless the headers bring another.
async fn web_call(served: &Served, form: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let token = format!("Bearer {}", served.setting.issuer().token(&People::Anna.claims()));
    let body = if form == TEXT { STANDARD.encode(body).into_bytes() } else { body.to_vec() };
    let mut all = vec![("content-type", form), ("accept", form), ("x-grpc-web", "1")];
    if !headers.iter().any(|(name, _)| *name == "authorization") {
        all.push(("authorization", &token));
    }
    all.extend_from_slice(headers);
    let answer = send(served.running.grpc(), "POST", COUNT, &all, &body).await;
    assert_eq!(answer.status, 200, "gRPC tells its own status");
    assert!(answer.headers["content-type"].starts_with(form), "{:?}", answer.headers);
    answer
}

/// The messages of an answer, and the status that it ends with.
fn read(answer: &Answer) -> (Vec<Vec<u8>>, Status) {
    let mut bytes = answer.body.clone();
    if answer.headers["content-type"].starts_with(TEXT) {
        // Each frame may end with padding of its own.
        bytes = bytes.chunks(4).flat_map(|group| STANDARD.decode(group).expect("base64")).collect();
    }
    let (mut rest, mut messages, mut trailers) = (&bytes[..], vec![], http::HeaderMap::new());
    // An answer without a message may tell its status in the headers.
    let mut told: Vec<(String, String)> = answer.headers.clone().into_iter().collect();
    while let Some((head, tail)) = rest.split_at_checked(5) {
        let length = u32::from_be_bytes(head[1..5].try_into().expect("four bytes")) as usize;
        let (frame, tail) = tail.split_at(length);
        if head[0] & 0x80 == 0 {
            messages.push(frame.to_vec());
        } else {
            let text = String::from_utf8(frame.to_vec()).expect("in ASCII");
            let lines = text.lines().filter_map(|line| line.split_once(':'));
            told.extend(lines.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())));
        }
        rest = tail;
    }
    for (name, value) in told.iter().filter(|(name, _)| name.starts_with("grpc-")) {
        let name: http::HeaderName = name.parse().expect("a name");
        trailers.insert(name, value.parse().expect("a value"));
    }
    (messages, Status::from_header_map(&trailers).expect("every answer ends with a status"))
}

#[tokio::test]
async fn a_web_page_calls_in_binary_and_in_text() {
    let served = Served::start::<Probe>(Config::default()).await;
    for (count, form) in [BINARY, "application/grpc-web", TEXT].into_iter().enumerate() {
        let body = framed(&request("counter", Deed::Count));
        let (messages, status) = read(&web_call(&served, form, &[], &body).await);
        assert_eq!((status.code(), messages.len()), (Code::Ok, 1), "{form}: {status}");
        let answer = pb::CreateTeamResponse::decode(&messages[0][..]).unwrap();
        assert_eq!(answer.team.unwrap().revision, i64::try_from(count).unwrap() + 1);
    }
}

#[tokio::test]
async fn a_web_page_is_refused_in_the_same_words_as_everybody() {
    let served = Served::start::<Probe>(Config::default()).await;
    let hold = Hold::counter(&served.setting.database, "counter").await;
    let large =
        pb::CreateTeamRequest { escalation_contact: "x".repeat(1024 * 1024), ..request("counter", Deed::Count) };
    let good = framed(&request("counter", Deed::Count));
    let cases = [
        (Code::Unauthenticated, "BAD_TOKEN", vec![("authorization", "Bearer nonsense")], good.clone()),
        (Code::InvalidArgument, "TOO_LARGE", vec![], framed(&large)),
        (Code::InvalidArgument, "MALFORMED", vec![], good[..20].to_vec()),
        (Code::DeadlineExceeded, "DEADLINE_EXCEEDED", vec![("grpc-timeout", "150m")], good.clone()),
        (Code::FailedPrecondition, "NOTHING_COUNTED", vec![], framed(&request("other", Deed::CountFurther))),
    ];
    for (code, reason, headers, body) in cases {
        for form in [BINARY, TEXT] {
            let (messages, status) = read(&web_call(&served, form, &headers, &body).await);
            assert_eq!((status.code(), refusal(&status).reason.as_str()), (code, reason), "{form}: {status}");
            assert!(messages.is_empty());
        }
    }
    hold.release().await;
    let token = format!("Bearer {}", served.setting.issuer().token(&People::Anna.claims()));
    let headers = [("content-type", TEXT), ("authorization", token.as_str())];
    let answer = send(served.running.grpc(), "POST", COUNT, &headers, b"no base64 at all!").await;
    let (_, status) = read(&answer);
    assert_eq!((status.code(), refusal(&status).reason.as_str()), (Code::InvalidArgument, "MALFORMED"));
}

/// What a browser asks before a page of that origin may call.
async fn preflight(served: &Served, origin: &str) -> Answer {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type,grpc-timeout,x-grpc-web"),
    ];
    send(served.running.grpc(), "OPTIONS", COUNT, &headers, b"").await
}

#[tokio::test]
async fn only_pages_of_the_origins_that_are_named_may_call() {
    const ALLOWED: &str = "access-control-allow-origin";
    let setting = Setting::new::<Probe>().await;
    let mut config = setting.config::<Probe>(Config::default());
    config.grpc.web_origins = vec![PAGE.to_owned()];
    let named = setting.serve_as::<Probe>(config).await;
    let nobody = Served::start::<Probe>(Config::default()).await;

    let asked = preflight(&named, PAGE).await;
    assert_eq!((asked.status, asked.headers[ALLOWED].as_str()), (200, PAGE));
    for header in ["authorization", "content-type", "grpc-timeout", "x-grpc-web"] {
        assert!(asked.headers["access-control-allow-headers"].contains(header), "{header}");
    }
    assert_eq!(asked.headers["access-control-allow-methods"], "POST");
    for (served, origin) in [(&named, "https://other.example"), (&named, "null"), (&nobody, PAGE)] {
        let asked = preflight(served, origin).await;
        assert!(!asked.headers.contains_key(ALLOWED), "{origin}: {:?}", asked.headers);
    }

    let body = framed(&request("counter", Deed::Count));
    let answer = web_call(&named, BINARY, &[("origin", PAGE)], &body).await;
    assert_eq!((read(&answer).1.code(), answer.headers[ALLOWED].as_str()), (Code::Ok, PAGE));
    let refused = web_call(&named, BINARY, &[("origin", PAGE), ("authorization", "Bearer no")], &body).await;
    assert_eq!((read(&refused).1.code(), refused.headers[ALLOWED].as_str()), (Code::Unauthenticated, PAGE));
    for header in ["grpc-status", "grpc-message", "grpc-status-details-bin"] {
        assert!(refused.headers["access-control-expose-headers"].contains(header), "{header}");
    }
    // Of the same origin: its browser asks nothing.
    assert_eq!(read(&web_call(&nobody, BINARY, &[], &body).await).1.code(), Code::Ok);
}

#[tokio::test]
async fn what_is_no_call_at_all_is_refused_and_does_no_harm() {
    let served = Served::start::<Probe>(Config::default()).await;
    let address = served.running.grpc();
    for (method, path, form) in [("GET", "/", "text/html"), ("POST", COUNT, "application/json"), ("GET", COUNT, BINARY)]
    {
        let answer = send(address, method, path, &[("content-type", form)], b"{}").await;
        assert!((400..500).contains(&answer.status), "{method} {path} {form}: {}", answer.status);
    }
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"\x16\x03\x01 no HTTP of any kind\r\n\r\n").await.unwrap();
    let mut said = vec![];
    let _ = stream.read_to_end(&mut said).await;
    let body = framed(&request("counter", Deed::Count));
    assert_eq!(read(&web_call(&served, BINARY, &[], &body).await).1.code(), Code::Ok);
    assert_eq!(served.facts().await, 1);
}
