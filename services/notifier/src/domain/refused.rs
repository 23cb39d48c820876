//! Every way in which this service says no.

use kernel::{Code, Refusal};

use super::{DeliveryId, Recipient, SubscriptionId};

/// A rule of the notifier that said no, in the caller's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No subscription of that id that the caller may see.
    #[error("there is no subscription {0} of yours")]
    SubscriptionNotFound(SubscriptionId),
    /// No delivery of that id that the caller may see.
    #[error("there is no delivery {0} of yours")]
    DeliveryNotFound(DeliveryId),
    /// For somebody else.
    #[error("only {}", may_subscribe(.0))]
    NotYours(Recipient),
    /// It was changed meanwhile.
    #[error("subscription {id} is at revision {revision} by now: look at it and decide anew")]
    RevisionMismatch {
        /// Which.
        id: SubscriptionId,
        /// What it is at.
        revision: i64,
    },
    /// A system is addressed by nobody.
    #[error("name the events that a system is told of: nothing is addressed to it by itself")]
    EventsRequired,
    /// A system is on no side.
    #[error("a system is on no side of a handoff: leave the side out, and use `teams` or a filter")]
    SideOfService,
    /// A program takes one event at a time.
    #[error("a webhook takes each event by itself: leave the digest out")]
    DigestOfWebhook,
    /// A webhook, a chat and a mailbox take other things.
    #[error("a webhook, a chat and a mailbox take other things: end this subscription, and subscribe anew")]
    OtherKind,
    /// Nothing is sent while it is disabled.
    #[error("subscription {0} is disabled: enable it, and test it then")]
    Disabled(SubscriptionId),
    /// It was just tested.
    #[error("subscription {0} was tested a moment ago: look at its deliveries")]
    JustTested(SubscriptionId),
    /// Nothing is signed there.
    #[error("only what is sent to a webhook is signed: there is no key to change")]
    NoKeys,
    /// The recipient has as many as one may have.
    #[error("there are {0} subscriptions for this recipient already, as many as there may be: end one first")]
    TooMany(i64),
    /// No letters can be sent.
    #[error("this installation sends no email: its operator has to name an SMTP server first")]
    NoEmail,
}

fn may_subscribe(who: &Recipient) -> String {
    match who {
        Recipient::Team(team) => format!("a LEAD of {team} subscribes for it, or an ADMIN"),
        Recipient::Person(name) => format!("{name} subscribes for {name}, or an ADMIN"),
        Recipient::Service(name) => format!("the system {name} subscribes for itself, or an ADMIN"),
    }
}

impl From<Refused> for kernel::Error {
    fn from(refused: Refused) -> Self {
        let message = refused.to_string();
        let (code, reason) = match &refused {
            Refused::SubscriptionNotFound(_) => (Code::NotFound, "SUBSCRIPTION_NOT_FOUND"),
            Refused::DeliveryNotFound(_) => (Code::NotFound, "DELIVERY_NOT_FOUND"),
            Refused::NotYours(_) => (Code::PermissionDenied, "NOT_YOURS"),
            Refused::RevisionMismatch { .. } => (Code::Aborted, "REVISION_MISMATCH"),
            Refused::EventsRequired => (Code::InvalidArgument, "EVENTS_REQUIRED"),
            Refused::SideOfService => (Code::InvalidArgument, "SIDE_OF_SERVICE"),
            Refused::DigestOfWebhook => (Code::InvalidArgument, "DIGEST_OF_WEBHOOK"),
            Refused::OtherKind => (Code::InvalidArgument, "OTHER_KIND"),
            Refused::Disabled(_) => (Code::FailedPrecondition, "DISABLED"),
            Refused::JustTested(_) => (Code::ResourceExhausted, "JUST_TESTED"),
            Refused::NoKeys => (Code::FailedPrecondition, "NO_KEYS"),
            Refused::TooMany(_) => (Code::ResourceExhausted, "TOO_MANY_SUBSCRIPTIONS"),
            Refused::NoEmail => (Code::FailedPrecondition, "NO_EMAIL"),
        };
        let refusal = Refusal::new(code, reason, message);
        match refused {
            Refused::RevisionMismatch { revision, .. } => refusal.with("revision", revision),
            Refused::JustTested(_) => Refusal { retry_after_seconds: Some(10), ..refusal },
            _ => refusal,
        }
        .into()
    }
}
