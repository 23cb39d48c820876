//! The chapter of the notifications: a webhook that is received and verified, and a letter.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use dev::error::OrSay as _;
use dev::servers::Mail;
use dev::{Error, Result, binaries, wait};

use super::act::{Outcome, act};
use super::teller::{REMEDY, Teller};

const ROUTE: &str = "sales-to-implementation";
const DEAL: &str = "crm/D-2501";
const BOUND: Duration = Duration::from_secs(30);

/// By the library of Standard Webhooks for Python.
const VERIFY: &str = "
import json, sys
from standardwebhooks.webhooks import Webhook
given = json.load(sys.stdin)
event = Webhook(given['secret']).verify(given['body'], given['headers'])
print(event['type'], event['subject'])
";

/// What a webhook was sent.
struct Posted {
    headers: BTreeMap<String, String>,
    body: String,
}

/// Tells it.
pub(super) fn tell(teller: &mut Teller<'_>, mail: &Mail) -> Result<()> {
    teller.chapter(
        "Each side is told when it is its turn",
        "Ivan's team has a program that wants to know. The key that signs what it is sent is shown this once.",
    )?;
    let listener = TcpListener::bind("127.0.0.1:0").or_say("listening for a webhook", REMEDY)?;
    let url = format!("http://{}/baton", listener.local_addr().or_say("listening for a webhook", REMEDY)?);
    let posted = receive(listener);
    let subscribe = ["notify", "subscribe", "--team", "implementation", "--webhook", &url];
    let secret = key(&teller.play(&act("ivan", subscribe).says(&["whsec_"]))?)?;
    teller.say("Anna wants a letter when something comes of what she handed over.")?;
    let subscribe = ["notify", "subscribe", "--email", "anna@example.com"];
    teller.play(&act("anna", subscribe).says(&["anna@example.com"]))?;

    let create = ["handoff", "create", "--route", ROUTE, "--title", "Acme: third site", "--origin", DEAL];
    teller.play(&act("anna", create).says(&["DRAFT"]).unshown())?;
    teller.play(&act("anna", ["handoff", "submit", DEAL]).says(&["SUBMITTED, attempt 1"]).unshown())?;
    teller
        .say("And this is what the program got; the library of Standard Webhooks for another language verifies it:")?;
    let post = posted.recv_timeout(BOUND).or_say("waiting for the webhook", REMEDY)?;
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        teller.note(&format!("{name}: {}", post.headers.get(name).map(String::as_str).unwrap_or_default()))?;
    }
    teller.note(&format!("verified: {}", verify(&post, &secret)?))?;
    let forged = Posted { body: post.body.replace("third", "tenth"), ..post };
    Teller::claim(verify(&forged, &secret).is_err(), "a forged text is not verified")?;
    teller.note("with one word changed: refused")?;

    let reject = ["handoff", "reject", DEAL, "--incomplete", "nobody names a contact on site"];
    teller.play(&act("ivan", reject).says(&["REJECTED"]).unshown())?;
    teller.say("Ivan has rejected it. The letter that Anna got:")?;
    let letter = wait::until(BOUND, || mail.letters().into_iter().find(|it| it.contains("anna@example.com")));
    let letter = letter.ok_or_else(|| Error::new("no letter came", REMEDY))?;
    for line in shown(&letter) {
        teller.note(line)?;
    }
    teller.say("What was sent, and how it went:")?;
    teller.play_until(&act("ivan", ["notify", "deliveries"]).says(&["Acme: third site", "delivered"])).map(drop)
}

/// Takes whatever is posted, for as long as the story is told.
fn receive(listener: TcpListener) -> Receiver<Posted> {
    let (send, posted) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A caller that hangs up calls again; once nobody listens here any more, there is nothing to tell.
            let is_heard = take(stream).is_none_or(|post| send.send(post).is_ok());
            if !is_heard {
                return;
            }
        }
    });
    posted
}

fn take(mut stream: TcpStream) -> Option<Posted> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => drop(headers.insert(name.to_lowercase(), value.to_owned())),
            None if line.trim_end().is_empty() => break,
            None => {}
        }
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").ok()?;
    Some(Posted { headers, body: String::from_utf8(body).ok()? })
}

/// The key that a subscription was made with.
fn key(outcome: &Outcome) -> Result<String> {
    let word = outcome.stdout.split_whitespace().find(|word| word.starts_with("whsec_"));
    word.map(str::to_owned).ok_or_else(|| Error::new("no key was shown", REMEDY))
}

/// What the library says of it.
fn verify(post: &Posted, secret: &str) -> Result<String> {
    let given = serde_json::json!({ "secret": secret, "body": post.body, "headers": post.headers });
    let mut python = Command::new("python3");
    python.args(["-c", VERIFY]).env("PYTHONPATH", binaries::webhooks()?);
    python.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = dev::tether::spawn(python).or_say("starting python3", "install Python 3")?;
    let written = child.stdin.take().map(|mut stdin| stdin.write_all(given.to_string().as_bytes()));
    written.transpose().or_say("asking the library", REMEDY)?;
    let output = child.wait_with_output().or_say("asking the library", REMEDY)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(Error::new(String::from_utf8_lossy(&output.stderr).trim().to_owned(), REMEDY))
}

/// Who a letter is from and to, what it is about, and its plain text.
fn shown(letter: &str) -> Vec<&str> {
    let heads = letter.lines().take_while(|line| !line.trim().is_empty());
    let heads = heads.filter(|line| ["From:", "To:", "Subject:", "Message-ID:"].iter().any(|it| line.starts_with(it)));
    let plain = letter.split("text/plain").nth(1).and_then(|part| part.split("\n\n").nth(1)).unwrap_or_default();
    heads.chain(plain.lines()).collect()
}
