//! `baton notify`: who is told what, and where.

use api::{
    notify::v1::{
        Chat, CreateSubscriptionRequest, DeleteSubscriptionRequest, DeliveryState, Digest, Email, GetDeliveryRequest,
        GetSubscriptionRequest, ListDeliveriesRequest, ListDeliveriesResponse, ListSubscriptionsRequest,
        ListSubscriptionsResponse, Place, QuietHours, Recipient, RedeliverRequest, RotateKeyRequest, Selection,
        Subscription, SubscriptionState, TestSubscriptionRequest, UpdateSubscriptionRequest, Webhook,
        place::Place as In, recipient::Recipient as Who,
    },
    r#type::v1::Side,
};
use clap::{ArgGroup, Args, Subcommand};
use prost_types::{Duration, FieldMask, Timestamp};

use super::whoami::Claims;
use crate::{
    client::{Remote, pages, request_id},
    errors::{Error, Result},
    session::Session,
    show::notify as show,
    spans::parse_elapsed,
    words::{Word as _, parse_time},
};

/// How long a test is waited for.
const TEST_BOUND: std::time::Duration = std::time::Duration::from_secs(20);
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(200);

/// What can be done about notifications.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Be told what is your turn, and what became of what you did: you, or a team that you lead
    #[command(after_help = "\
Without --event it is what is addressed to you, or to the team: to act now, or to know what became of it. The key that signs what a
webhook is sent is shown once, by this command.

Examples:
  baton --as ivan notify subscribe --email ivan@example.com --quiet 22:00-07:00 --zone Europe/Zurich
  baton --as ivan notify subscribe --team implementation --chat https://chat.example/hooks/T1 --digest 09:00 --zone Europe/Zurich
  baton --as reader notify subscribe --webhook https://pager.example/baton --event breached --event escalated
  baton --as ivan notify subscribe --team implementation --email ops@example.com --event breached --filter 'priority == \"URGENT\"'")]
    Subscribe(Box<Subscribe>),
    /// Subscriptions: yours, those of your teams; all, for ADMIN
    #[command(
        after_help = "Examples:\n  baton --as ivan notify list\n  baton --as ivan notify list --team implementation"
    )]
    List(List),
    /// A subscription
    #[command(after_help = "Example:\n  baton --as ivan notify show 01994f7e-0000-7000-8000-000000000001")]
    Show {
        /// Its id
        subscription: String,
    },
    /// Change what, where, or when
    #[command(after_help = "\
Examples:
  baton --as ivan notify change 01994f7e-0000-7000-8000-000000000001 --event breached --event escalated
  baton --as ivan notify change 01994f7e-0000-7000-8000-000000000001 --no-quiet --no-digest")]
    Change(Box<Change>),
    /// Send nothing for now; what happens meanwhile waits
    #[command(
        after_help = "Example:\n  baton --as ivan notify disable 01994f7e-0000-7000-8000-000000000001 --why 'on leave'"
    )]
    Disable {
        /// Its id
        subscription: String,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        why: String,
    },
    /// Send again, and what has waited too
    #[command(after_help = "Example:\n  baton --as ivan notify enable 01994f7e-0000-7000-8000-000000000001")]
    Enable {
        /// Its id
        subscription: String,
    },
    /// End a subscription, with all that it has not sent yet
    #[command(after_help = "Example:\n  baton --as ivan notify end 01994f7e-0000-7000-8000-000000000001")]
    End {
        /// Its id
        subscription: String,
    },
    /// A new key for a webhook; the one before signs beside it for a while
    #[command(
        after_help = "Example:\n  baton --as reader notify rotate-key 01994f7e-0000-7000-8000-000000000001 --overlap 2d"
    )]
    RotateKey {
        /// Its id
        subscription: String,
        /// For how long the key before signs too [default: 1d]
        #[arg(long, value_name = "SPAN", value_parser = parse_elapsed)]
        overlap: Option<Duration>,
    },
    /// Send a test at once, and say what became of it
    #[command(after_help = "Example:\n  baton --as ivan notify test 01994f7e-0000-7000-8000-000000000001")]
    Test {
        /// Its id
        subscription: String,
    },
    /// What was sent, and how it went
    #[command(after_help = "\
Examples:
  baton --as ivan notify deliveries
  baton --as ivan notify deliveries --subscription 01994f7e-0000-7000-8000-000000000001 --state dead")]
    Deliveries(Deliveries),
    /// One delivery, with its attempts
    #[command(after_help = "Example:\n  baton --as ivan notify delivery 01994f7e-0000-7000-8000-000000000002")]
    Delivery {
        /// Its id
        delivery: String,
    },
    /// Send again, under the same ids, what has not arrived
    #[command(after_help = "\
Examples:
  baton --as ivan notify redeliver 01994f7e-0000-7000-8000-000000000001
  baton --as ivan notify redeliver 01994f7e-0000-7000-8000-000000000001 --from 2026-11-01 --until 2026-11-08 --delivered-too")]
    Redeliver(Redeliver),
}

/// Who, what, where and when.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("where").required(true).args(["webhook", "chat", "email"]))]
pub(crate) struct Subscribe {
    /// The team that is told; you, without it
    #[arg(long)]
    team: Option<String>,
    /// The person who is told, where that is not you (ADMIN)
    #[arg(long, conflicts_with = "team")]
    person: Option<String>,
    /// The system that is told, where that is not you (ADMIN)
    #[arg(long, conflicts_with_all = ["team", "person"])]
    service: Option<String>,
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    when: When,
}

/// Where.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct Where {
    /// A program's address: it gets each event as a signed CloudEvent
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// A chat's incoming webhook
    #[arg(long, value_name = "URL")]
    chat: Option<String>,
    /// A mailbox
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
}

/// What about.
#[derive(Debug, Args)]
pub(crate) struct What {
    /// Tell each of these facts that concerns the recipient, whoever it is addressed to: `breached`
    #[arg(long = "event", value_name = "FACT")]
    events: Vec<String>,
    /// Only of handoffs of this team, on either side
    #[arg(long = "of-team", value_name = "TEAM")]
    teams: Vec<String>,
    /// Only where the recipient is on this side
    #[arg(long, value_parser = Side::parse)]
    side: Option<Side>,
    /// Only where this holds, a CEL expression over event, route, from_team, to_team, priority, clock, step
    #[arg(long, value_name = "CEL", default_value = "", hide_default_value = true)]
    filter: String,
}

/// When.
#[derive(Debug, Args)]
pub(crate) struct When {
    /// Send nothing in these hours, as 22:00-07:00, but when they are over
    #[arg(long, value_name = "FROM-UNTIL", value_parser = parse_hours, requires = "zone")]
    quiet: Option<(String, String)>,
    /// Neither on Saturdays and Sundays
    #[arg(long, requires = "quiet")]
    quiet_weekends: bool,
    /// Collect, and send at these times of the day, as 09:00
    #[arg(long, value_name = "TIME", requires = "zone")]
    digest: Vec<String>,
    /// The time zone of those hours: Europe/Zurich
    #[arg(long, value_name = "ZONE", default_value = "", hide_default_value = true)]
    zone: String,
}

/// Which, and what of it.
#[derive(Debug, Args)]
pub(crate) struct Change {
    /// Its id
    subscription: String,
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    when: When,
    /// Send what is addressed to the recipient again, without selection
    #[arg(long, conflicts_with_all = ["events", "teams", "side", "filter"])]
    everything: bool,
    /// Send at any hour
    #[arg(long, conflicts_with = "quiet")]
    no_quiet: bool,
    /// Send each at once
    #[arg(long, conflicts_with = "digest")]
    no_digest: bool,
}

/// Which subscriptions.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Of this team
    #[arg(long)]
    team: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

/// Which deliveries.
#[derive(Debug, Args)]
pub(crate) struct Deliveries {
    /// Of this subscription
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    subscription: String,
    /// Only pending, delivered or dead ones
    #[arg(long, value_parser = DeliveryState::parse)]
    state: Option<DeliveryState>,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

/// What is sent again.
#[derive(Debug, Args)]
pub(crate) struct Redeliver {
    /// The subscription's id
    subscription: String,
    /// This delivery alone
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    delivery: String,
    /// Only those made then or later
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    from: Option<Timestamp>,
    /// Only those made earlier
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<Timestamp>,
    /// Also what has arrived
    #[arg(long)]
    delivered_too: bool,
}

fn parse_hours(text: &str) -> std::result::Result<(String, String), String> {
    let hours = text.split_once('-').map(|(from, until)| (from.trim().to_owned(), until.trim().to_owned()));
    hours.ok_or_else(|| format!("{text:?}: write two times of the day, as 22:00-07:00"))
}

/// Does it.
pub(crate) async fn run(command: Command, session: &Session) -> Result<()> {
    let notifier = session.notifier()?;
    let subscriptions = || notifier.subscriptions();
    match command {
        Command::Subscribe(it) => it.run(&notifier, session).await,
        Command::List(it) => it.run(&notifier, session).await,
        Command::Show { subscription } => {
            let request = GetSubscriptionRequest { subscription_id: subscription };
            let call = async |request| subscriptions().get_subscription(request).await;
            let answer = notifier.call(request, call).await?;
            session.answer(&answer.subscription.unwrap_or_default(), show::subscription)
        }
        Command::Change(it) => it.run(&notifier, session).await,
        Command::Disable { subscription, why } => {
            let state = Subscription { disabled_reason: why, ..in_state(SubscriptionState::Disabled) };
            update(&notifier, session, subscription, state, &["state"]).await
        }
        Command::Enable { subscription } => {
            update(&notifier, session, subscription, in_state(SubscriptionState::Enabled), &["state"]).await
        }
        Command::End { subscription } => {
            let request = DeleteSubscriptionRequest { request_id: request_id(), subscription_id: subscription };
            let call = async |request| subscriptions().delete_subscription(request).await;
            session.answer(&notifier.call(request, call).await?, |answer, _| show::ended(answer.given_up))
        }
        Command::RotateKey { subscription, overlap } => {
            let request = RotateKeyRequest { request_id: request_id(), subscription_id: subscription, overlap };
            let call = async |request| subscriptions().rotate_key(request).await;
            let answer = notifier.call(request, call).await?;
            session.answer(&answer.subscription.unwrap_or_default(), show::subscription)
        }
        Command::Test { subscription } => test(&notifier, session, subscription).await,
        Command::Deliveries(it) => it.run(&notifier, session).await,
        Command::Delivery { delivery } => {
            let request = GetDeliveryRequest { delivery_id: delivery };
            let call = async |request| notifier.deliveries().get_delivery(request).await;
            session.answer(&notifier.call(request, call).await?.delivery.unwrap_or_default(), show::delivery)
        }
        Command::Redeliver(it) => it.run(&notifier, session).await,
    }
}

fn in_state(state: SubscriptionState) -> Subscription {
    Subscription { state: state.into(), ..Subscription::default() }
}

async fn update(
    notifier: &Remote,
    session: &Session,
    subscription_id: String,
    subscription: Subscription,
    paths: &[&str],
) -> Result<()> {
    let request = UpdateSubscriptionRequest {
        request_id: request_id(),
        subscription_id,
        expected_revision: 0,
        subscription: Some(subscription),
        update_mask: Some(FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() }),
    };
    let call = async |request| notifier.subscriptions().update_subscription(request).await;
    let answer = notifier.call(request, call).await?;
    session.answer(&answer.subscription.unwrap_or_default(), show::subscription)
}

/// Sends a test, and waits until its first attempt has ended.
async fn test(notifier: &Remote, session: &Session, subscription_id: String) -> Result<()> {
    let request = TestSubscriptionRequest { request_id: request_id(), subscription_id };
    let call = async |request| notifier.subscriptions().test_subscription(request).await;
    let delivery_id = notifier.call(request, call).await?.delivery_id;
    let began = tokio::time::Instant::now();
    loop {
        let request = GetDeliveryRequest { delivery_id: delivery_id.clone() };
        let call = async |request| notifier.deliveries().get_delivery(request).await;
        let delivery = notifier.call(request, call).await?.delivery.unwrap_or_default();
        if !delivery.log.is_empty() || began.elapsed() >= TEST_BOUND {
            return session.answer(&delivery, show::delivery);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

impl Subscribe {
    async fn run(self, notifier: &Remote, session: &Session) -> Result<()> {
        let who = match (self.team, self.person, self.service) {
            (Some(team), _, _) => Who::Team(team),
            (_, Some(person), _) => Who::Person(person),
            (_, _, Some(service)) => Who::Service(service),
            _ => Claims::of(&session.token()?)?.recipient(),
        };
        let request = CreateSubscriptionRequest {
            request_id: request_id(),
            who: Some(Recipient { recipient: Some(who) }),
            what: Some(self.what.selection()),
            r#where: self.place.place(),
            quiet_hours: self.when.quiet_hours(),
            digest: self.when.digest(),
        };
        let call = async |request| notifier.subscriptions().create_subscription(request).await;
        let answer = notifier.call(request, call).await?;
        session.answer(&answer.subscription.unwrap_or_default(), show::subscription)
    }
}

impl Where {
    fn place(self) -> Option<Place> {
        let webhook = self.webhook.map(|url| In::Webhook(Webhook { url, keys: vec![] }));
        let chat = self.chat.map(|url| In::Chat(Chat { url }));
        let email = self.email.map(|address| In::Email(Email { address }));
        webhook.or(chat).or(email).map(|place| Place { place: Some(place) })
    }
}

impl What {
    fn is_given(&self) -> bool {
        !self.events.is_empty() || !self.teams.is_empty() || self.side.is_some() || !self.filter.is_empty()
    }

    fn selection(self) -> Selection {
        let side = self.side.unwrap_or_default().into();
        Selection { events: self.events, teams: self.teams, side, filter: self.filter }
    }
}

impl When {
    fn quiet_hours(&self) -> Option<QuietHours> {
        let (start, end) = self.quiet.clone()?;
        Some(QuietHours { time_zone: self.zone.clone(), start, end, weekends: self.quiet_weekends })
    }

    fn digest(&self) -> Option<Digest> {
        let digest = Digest { time_zone: self.zone.clone(), at: self.digest.clone() };
        (!self.digest.is_empty()).then_some(digest)
    }
}

impl Change {
    async fn run(self, notifier: &Remote, session: &Session) -> Result<()> {
        let mut paths = vec![];
        let mut subscription = Subscription::default();
        if self.what.is_given() || self.everything {
            paths.push("what");
            subscription.what = Some(self.what.selection());
        }
        if let Some(place) = self.place.place() {
            paths.push("where");
            subscription.r#where = Some(place);
        }
        if self.when.quiet.is_some() || self.no_quiet {
            paths.push("quiet_hours");
            subscription.quiet_hours = self.when.quiet_hours();
        }
        if !self.when.digest.is_empty() || self.no_digest {
            paths.push("digest");
            subscription.digest = self.when.digest();
        }
        if paths.is_empty() {
            return Err(Error::usage("nothing is to be changed", "name what: see `baton notify change --help`"));
        }
        update(notifier, session, self.subscription, subscription, &paths).await
    }
}

impl List {
    async fn run(self, notifier: &Remote, session: &Session) -> Result<()> {
        let who = self.team.map(|team| Recipient { recipient: Some(Who::Team(team)) });
        let (subscriptions, next_page_token) = pages(self.limit, async |page_size, page_token| {
            let request = ListSubscriptionsRequest { who: who.clone(), page_size, page_token };
            let call = async |request| notifier.subscriptions().list_subscriptions(request).await;
            let page = notifier.call(request, call).await?;
            Ok((page.subscriptions, page.next_page_token))
        })
        .await?;
        session.answer(&ListSubscriptionsResponse { subscriptions, next_page_token }, show::subscriptions)
    }
}

impl Deliveries {
    async fn run(self, notifier: &Remote, session: &Session) -> Result<()> {
        let state = self.state.unwrap_or_default().into();
        let (deliveries, next_page_token) = pages(self.limit, async |page_size, page_token| {
            let subscription_id = self.subscription.clone();
            let request = ListDeliveriesRequest { subscription_id, state, page_size, page_token };
            let call = async |request| notifier.deliveries().list_deliveries(request).await;
            let page = notifier.call(request, call).await?;
            Ok((page.deliveries, page.next_page_token))
        })
        .await?;
        session.answer(&ListDeliveriesResponse { deliveries, next_page_token }, show::deliveries)
    }
}

impl Redeliver {
    async fn run(self, notifier: &Remote, session: &Session) -> Result<()> {
        let request = RedeliverRequest {
            request_id: request_id(),
            subscription_id: self.subscription,
            delivery_id: self.delivery,
            from: self.from,
            until: self.until,
            delivered_too: self.delivered_too,
        };
        let call = async |request| notifier.deliveries().redeliver(request).await;
        session.answer(&notifier.call(request, call).await?, |answer, _| show::redelivered(answer.deliveries))
    }
}
