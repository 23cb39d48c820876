//! What a message says: as an event, as a line in a chat, as a letter.

use serde_json::json;

use crate::{
    config::Config,
    domain::notice::Opens,
    store::delivery::{Claimed, Fact},
};

const TEST: &str = "This is a test: what Baton tells you arrives here";

/// The words of messages.
#[derive(Debug, Clone)]
pub(super) struct Words {
    open_handoff: String,
    open_survey: String,
}

/// A letter.
pub(super) struct Letter {
    pub(super) subject: String,
    pub(super) plain: String,
    pub(super) html: String,
}

/// A line, and what opens it: an address, or a command.
struct Line {
    text: String,
    opens: Option<String>,
}

/// The CloudEvent that a webhook is sent.
pub(super) fn event(claimed: &Claimed) -> String {
    match claimed.facts.first() {
        Some(fact) if !claimed.is_test => fact.body.clone(),
        _ => json!({
            "specversion": "1.0",
            "id": claimed.delivery.id.to_string(),
            "source": "/baton/notifier",
            "type": "baton.notify.v1.test",
            "time": claimed.created_at.to_string(),
            "datacontenttype": "application/json",
            "data": { "headline": TEST },
        })
        .to_string(),
    }
}

impl Words {
    pub(super) fn new(config: &Config) -> Self {
        Self { open_handoff: config.open_handoff.clone(), open_survey: config.open_survey.clone() }
    }

    /// The common form of incoming webhooks of chats. `&`, `<` and `>` are written as those take them.
    pub(super) fn chat(&self, claimed: &Claimed) -> String {
        let lines = self.lines(claimed).into_iter().map(|line| {
            let text = escaped(&line.text);
            match line.opens {
                Some(opens) if opens.starts_with("http") => format!("{text}\n{}", escaped(&opens)),
                Some(command) => format!("{text}\n`{}`", escaped(&command)),
                None => text,
            }
        });
        json!({ "text": lines.collect::<Vec<_>>().join("\n") }).to_string()
    }

    pub(super) fn letter(&self, claimed: &Claimed) -> Letter {
        let lines = self.lines(claimed);
        let subject = match &lines[..] {
            [only] => only.text.clone(),
            lines => format!("{} messages from Baton", lines.len()),
        };
        let plain = lines.iter().map(|line| match &line.opens {
            Some(opens) => format!("{}\n{opens}\n", line.text),
            None => format!("{}\n", line.text),
        });
        let html = lines.iter().map(|line| {
            let text = escaped(&line.text);
            match &line.opens {
                Some(opens) if opens.starts_with("http") => {
                    format!("<p>{text}<br><a href=\"{0}\">{0}</a></p>", escaped(opens).replace('"', "&quot;"))
                }
                Some(command) => format!("<p>{text}<br><code>{}</code></p>", escaped(command)),
                None => format!("<p>{text}</p>"),
            }
        });
        let id = claimed.delivery.subscription_id;
        let why = format!("You are told by subscription {id}. To end it: baton notify end {id}");
        Letter {
            subject,
            plain: format!("{}\n--\n{why}\n", plain.collect::<Vec<_>>().join("\n")),
            html: format!("<html><body>{}<hr><p>{why}</p></body></html>", html.collect::<Vec<_>>().concat()),
        }
    }

    fn lines(&self, claimed: &Claimed) -> Vec<Line> {
        if claimed.is_test || claimed.facts.is_empty() {
            return vec![Line { text: TEST.to_owned(), opens: None }];
        }
        claimed.facts.iter().map(|fact| self.line(fact)).collect()
    }

    fn line(&self, fact: &Fact) -> Line {
        let opens = match &fact.opens {
            Opens::Handoff(id) if self.open_handoff.is_empty() => Some(format!("baton handoff show {id}")),
            Opens::Handoff(id) => Some(self.open_handoff.replace("{id}", id)),
            Opens::Survey(token) if self.open_survey.is_empty() => {
                Some(format!("baton survey answer --link {token} --score 1..5"))
            }
            Opens::Survey(token) => Some(self.open_survey.replace("{token}", token)),
            Opens::Nothing => None,
        };
        Line { text: fact.headline.clone(), opens }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
