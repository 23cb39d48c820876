//! Any two commands on one handoff at the same moment end as one after the other: what each is answered, how the handoff stands
//! then, and what is told of it.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, RandomState},
};

use api::{
    handoff::v1 as pb,
    r#type::v1::{Attachment, Side},
};
use futures::{StreamExt, stream};
use testkit::Refusal;

use crate::{
    person::Person,
    requests::{attendee, change, create, mask, on, terms, ticked},
    world::{ROUTE, World},
};

/// So many pairs are tried.
const PAIRS: usize = 96;
/// In days: what is to come in the stories below.
const LATER: i64 = 10 * 86_400;

/// A command of somebody.
type Move = (&'static str, &'static str);

const MOVES: [Move; 54] = [
    ("sam", "update"),
    ("sam", "tick told"),
    ("sam", "submit"),
    ("anna", "submit"),
    ("sam", "recall"),
    ("sam", "cancel"),
    ("anna", "cancel"),
    ("sam", "reopen"),
    ("sam", "answer"),
    ("anna", "answer otherwise"),
    ("sam", "confirm action"),
    ("sam", "complete action"),
    ("anna", "complete action"),
    ("sam", "confirm read-back"),
    ("anna", "confirm read-back"),
    ("sam", "migrate"),
    ("sam", "comment"),
    ("sam", "add link"),
    ("ivan", "add link"),
    ("sam", "remove link"),
    ("sam", "attach"),
    ("ines", "attach"),
    ("sam", "add action"),
    ("sam", "schedule"),
    ("sam", "reschedule"),
    ("ines", "cancel review"),
    ("sam", "cancel review"),
    ("sam", "review missed"),
    ("ivan", "review held"),
    ("ines", "review held"),
    ("ivan", "waive review"),
    ("sam", "hold"),
    ("ines", "hold"),
    ("ivan", "resume"),
    ("sam", "propose deadline"),
    ("ines", "propose deadline"),
    ("ivan", "propose cancel"),
    ("ivan", "agree"),
    ("ines", "agree"),
    ("ivan", "decline"),
    ("anna", "reassign"),
    ("ivan", "hide"),
    ("ines", "claim"),
    ("ivan", "claim"),
    ("ivan", "unclaim"),
    ("ivan", "accept"),
    ("ines", "accept"),
    ("ines", "reject"),
    ("ivan", "begin"),
    ("ivan", "complete"),
    ("ines", "return"),
    ("ivan", "ask blocking"),
    ("ivan", "insufficient"),
    ("ines", "close question"),
];

/// Where a race begins.
const STARTS: [&str; 5] = ["DRAFT", "SUBMITTED", "SUBMITTED", "IN_PROGRESS", "COMPLETED"];

/// Numbers that follow from a seed (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap()
    }
}

/// Two moves on handoffs that came to the same place by the same way.
#[derive(Clone, Copy, Debug)]
struct Race {
    start: &'static str,
    moves: [Move; 2],
    /// The priority: with NORMAL the attempt requires a review.
    priority: pb::Priority,
    /// Whether downstream's question blocks it.
    is_blocked: bool,
    /// Whether both look at the revision.
    looks: bool,
}

impl Race {
    fn at_random(numbers: &mut Numbers) -> Self {
        Self {
            start: STARTS[numbers.below(STARTS.len())],
            moves: [MOVES[numbers.below(MOVES.len())], MOVES[numbers.below(MOVES.len())]],
            priority: if numbers.below(2) == 0 { pb::Priority::Normal } else { pb::Priority::High },
            is_blocked: numbers.below(3) == 0,
            looks: numbers.below(4) == 0,
        }
    }
}

/// Everything that can be told of how a race ended, ids by their first appearance; a later line names what it is.
type End = Vec<String>;

#[tokio::test(flavor = "multi_thread")]
async fn any_two_commands_at_once_end_as_one_after_the_other() {
    let seed = match std::env::var("BATON_RACES_SEED") {
        Ok(seed) => seed.parse().expect("a seed is a number"),
        Err(_) => RandomState::new().hash_one(0),
    };
    println!("to see the same pairs again: BATON_RACES_SEED={seed}");
    let world = Box::pin(of_two_versions()).await;
    let mut numbers = Numbers(seed);
    let races: Vec<_> = (0..PAIRS).map(|_| Race::at_random(&mut numbers)).collect();
    let ready = races.iter().map(|race| async {
        let (one, two, three) = (ready(&world, race).await, ready(&world, race).await, ready(&world, race).await);
        [one, two, three]
    });
    let handoffs: Vec<_> = stream::iter(ready).buffered(8).collect().await;
    // Every scheduled review has begun, and nothing else has come to its time.
    world.pass_seconds(3600);
    let ends = races.iter().zip(&handoffs).map(|(race, handoffs)| run(&world, race, handoffs));
    let ends: Vec<_> = stream::iter(ends).buffered(4).collect().await;
    let mut told = BTreeMap::new();
    for (race, [at_once, one_first, other_first]) in races.iter().zip(&ends) {
        let is_as_in_an_order = at_once == one_first || at_once == other_first;
        assert!(is_as_in_an_order, "{race:?}\nat once {at_once:#?}\n{one_first:#?}\n{other_first:#?}");
        for answer in &at_once[..2] {
            *told.entry(answer.split_whitespace().next().unwrap().to_owned()).or_insert(0) += 1;
        }
    }
    let known = told.keys().all(|reason| !["INTERNAL", "UNKNOWN", "AWAY", "SIDE_REQUIRED", ""].contains(&&**reason));
    assert!(known, "{told:?}");
    assert!(told["done"] > PAIRS / 4, "most pairs do something: {told:?}");
}

/// A template in two versions; handoffs are made under its first.
async fn of_two_versions() -> World {
    let world = World::with_template().await;
    let base = format!(
        "id: {ROUTE}\ndisplay_name: Small\nfields:\n  - {{key: note, label: Note, type: TEXT}}\nitems:\n  \
         - {{key: told, text: Told, category: INFORMATION, severity: WARNING}}\n"
    );
    world.publish(&base).await;
    world.publish(&format!("{base}  - {{key: more, text: More, category: QUALITY, severity: INFO}}\n")).await;
    let terms = pb::SetTermsRequest { review_rule: r#"priority == "NORMAL""#.into(), ..terms(ROUTE, 2) };
    world.set_terms(terms).await;
    world
}

async fn ready(world: &World, race: &Race) -> pb::Handoff {
    let request = pb::CreateHandoffRequest { priority: race.priority.into(), ..create(ROUTE, "Acme") };
    let mut handoff = world.sam.create(request).await.unwrap().0;
    if race.start != "DRAFT" {
        handoff = world.sam.submit(on(&handoff)).await.unwrap();
    }
    if ["IN_PROGRESS", "COMPLETED"].contains(&race.start) {
        if race.priority == pb::Priority::Normal {
            handoff = world.ivan.waive_review(on(&handoff)).await.unwrap();
        }
        let accept = pb::AcceptHandoffRequest { read_back: "so".into(), ..on(&handoff) };
        handoff = world.ivan.accept(accept).await.unwrap();
        handoff = world.ivan.begin(on(&handoff)).await.unwrap();
    }
    let action = action(world, Side::Upstream);
    world.ivan.add_action(pb::AddActionRequest { action, ..on(&handoff) }).await.unwrap();
    let ask = pb::AskQuestionRequest { blocking: race.is_blocked, ..on(&handoff) };
    handoff = world.ivan.ask(ask).await.unwrap();
    handoff = world.ines.schedule(world.review(&handoff)).await.unwrap();
    if race.start == "COMPLETED" {
        return world.ivan.complete(on(&handoff)).await.unwrap();
    }
    let hold = pb::HoldHandoffRequest { until: world.after(LATER), ..on(&handoff) };
    handoff = world.ivan.hold(hold).await.unwrap();
    let priority = pb::ProposedPriority { priority: pb::Priority::Urgent.into() };
    let propose = pb::ProposeRequest { change: change(pb::proposed_change::Kind::Priority(priority)), ..on(&handoff) };
    world.sam.propose_change(propose).await.unwrap()
}

/// How the moves end at once, the one first, the other first.
async fn run(world: &World, race: &Race, [at_once, one_first, other_first]: &[pb::Handoff; 3]) -> [End; 3] {
    let [one, other] = race.moves;
    let answers = tokio::join!(make(world, race, one, at_once), make(world, race, other, at_once));
    let at_once = end(world, at_once, answers.into()).await;
    let first = make(world, race, one, one_first).await;
    let second = make(world, race, other, one_first).await;
    let one_first = end(world, one_first, [first, second]).await;
    let first = make(world, race, other, other_first).await;
    let second = make(world, race, one, other_first).await;
    [at_once, one_first, end(world, other_first, [second, first]).await]
}

async fn end(world: &World, handoff: &pb::Handoff, answers: [Result<pb::Handoff, Refusal>; 2]) -> End {
    let mut ids = BTreeMap::new();
    let stands = world.sam.get(&handoff.id).await.unwrap();
    let told = world.sam.timeline(&handoff.id).await.unwrap();
    // The handoff first: its parts stand in the order in which they came, so that ids get the same numbers in each run.
    let stands = without_ids(&format!("{stands:?}"), &mut ids);
    let answers = answers.map(|answer| match answer {
        Ok(handoff) => format!("done {handoff:?}"),
        Err(refused) => format!("{} {} {:?} {:?}", refused.reason, refused.message, refused.fields, refused.metadata),
    });
    let mut end: End = answers.iter().map(|answer| without_ids(answer, &mut ids)).collect();
    end.push(stands);
    end.extend(told.iter().map(|entry| {
        without_ids(&format!("{} {} {} {:?}", entry.sequence, entry.r#type, entry.actor, entry.event), &mut ids)
    }));
    end
}

/// The text with each UUID in it replaced by a number: the same for the same.
fn without_ids(text: &str, ids: &mut BTreeMap<String, usize>) -> String {
    let is_id = |word: &str| word.len() == 36 && word.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    let mut plain = String::with_capacity(text.len());
    let is_part = |c: char| c.is_ascii_hexdigit() || c == '-';
    for word in text.split_inclusive(|c: char| !is_part(c)) {
        let (body, tail) = word.split_at(word.rfind(is_part).map_or(0, |last| last + 1));
        if is_id(body) {
            let next = ids.len();
            plain.push('#');
            plain.push_str(&ids.entry(body.to_owned()).or_insert(next).to_string());
        } else {
            plain.push_str(body);
        }
        plain.push_str(tail);
    }
    plain
}

fn action(world: &World, side: Side) -> Option<pb::NewAction> {
    let due_at = world.after(LATER);
    Some(pb::NewAction { text: "send the annex".into(), side: side.into(), owner: String::new(), due_at })
}

#[expect(clippy::too_many_lines, reason = "one arm for each command")]
async fn make(world: &World, race: &Race, (who, what): Move, seen: &pb::Handoff) -> Result<pb::Handoff, Refusal> {
    let person: &Person = match who {
        "sam" => &world.sam,
        "anna" => &world.anna,
        "ivan" => &world.ivan,
        _ => &world.ines,
    };
    let expected_revision = if race.looks { seen.revision } else { 0 };
    macro_rules! send {
        ($verb:ident $request:ident { $($field:ident: $value:expr),* }) => {
            person.$verb(pb::$request { expected_revision, $($field: $value,)* ..on(seen) }).await
        };
    }
    let link = || pb::Link { system: "crm".into(), r#type: "deal".into(), key: "7".into(), url: String::new() };
    let attachment =
        Attachment { name: "plan.pdf".into(), url: "https://files.example.com/plan.pdf".into(), ..Default::default() };
    let review = |seconds: i64| pb::ScheduleReviewRequest { starts_at: world.after(seconds), ..world.review(seen) };
    match what {
        "update" => send!(update UpdateHandoffRequest { update_mask: mask(&["title"]), title: "edited".into() }),
        "tick told" => {
            let tick = pb::TickItemRequest { expected_revision, ..ticked(seen, "told", "") };
            person.tick(tick).await
        }
        "submit" => send!(submit SubmitHandoffRequest {}),
        "recall" => send!(recall RecallHandoffRequest {}),
        "cancel" => send!(cancel CancelHandoffRequest {}),
        "reopen" => send!(reopen ReopenHandoffRequest {}),
        "answer" => send!(answer AnswerQuestionRequest {}),
        "answer otherwise" => send!(answer AnswerQuestionRequest { text: "none".into() }),
        "insufficient" => send!(mark_insufficient MarkInsufficientRequest {}),
        "close question" => send!(close_question CloseQuestionRequest {}),
        "ask blocking" => send!(ask AskQuestionRequest { blocking: true }),
        "confirm action" => send!(confirm_action ConfirmActionRequest {}),
        "complete action" => send!(complete_action CompleteActionRequest {}),
        "add action" => send!(add_action AddActionRequest { action: action(world, Side::Upstream) }),
        "confirm read-back" => {
            send!(confirm_read_back ConfirmReadBackRequest { attempt: 1, corrections: vec![who.to_owned()] })
        }
        "migrate" => {
            let migrate = pb::MigrateDraftRequest { expected_revision, version: 3, ..on(seen) };
            Ok(person.migrate_draft(migrate).await?.handoff.unwrap())
        }
        "comment" => send!(comment AddCommentRequest {}),
        "add link" => send!(add_link AddLinkRequest { link: Some(link()) }),
        "remove link" => {
            send!(remove_link RemoveLinkRequest { system: "crm".into(), r#type: "deal".into(), key: "7".into() })
        }
        "attach" => send!(attach AddAttachmentRequest { attachment: Some(attachment) }),
        "schedule" => person.schedule(pb::ScheduleReviewRequest { expected_revision, ..review(7200) }).await,
        "reschedule" => {
            let pb::ScheduleReviewRequest { starts_at, duration, place, attendees, .. } = review(9000);
            send!(reschedule RescheduleReviewRequest {
                starts_at: starts_at, duration: duration, place: place, attendees: attendees
            })
        }
        "cancel review" => send!(cancel_review CancelReviewRequest {}),
        "review missed" => send!(record_missed RecordReviewMissedRequest {}),
        "review held" => {
            let attended = vec![attendee("Sam", Side::Upstream), attendee(who, Side::Downstream)];
            let actions = action(world, Side::Downstream).into_iter().collect();
            send!(record_held RecordReviewHeldRequest { attended: attended, actions: actions })
        }
        "waive review" => send!(waive_review WaiveReviewRequest { attempt: 1 }),
        "hold" => send!(hold HoldHandoffRequest { until: world.after(LATER + 1) }),
        "resume" => send!(resume ResumeHandoffRequest {}),
        "propose deadline" => {
            let deadline = pb::ProposedDeadline { deliver_by: world.after(LATER) };
            send!(propose_change ProposeRequest { change: change(pb::proposed_change::Kind::Deadline(deadline)) })
        }
        "propose cancel" => {
            let cancel = pb::proposed_change::Kind::Cancel(pb::ProposedCancel {});
            send!(propose_change ProposeRequest { change: change(cancel) })
        }
        "agree" => send!(agree_to AgreeProposalRequest {}),
        "decline" => send!(decline_change DeclineProposalRequest {}),
        "reassign" => send!(reassign ReassignHandoffRequest {}),
        "hide" => send!(set_confidential SetConfidentialRequest {}),
        "claim" => send!(claim ClaimHandoffRequest {}),
        "unclaim" => send!(unclaim UnclaimHandoffRequest {}),
        "accept" => send!(accept AcceptHandoffRequest { attempt: 1, read_back: "so".into() }),
        "reject" => send!(reject RejectHandoffRequest { attempt: 1 }),
        "begin" => send!(begin BeginHandoffRequest {}),
        "complete" => send!(complete CompleteHandoffRequest {}),
        "return" => send!(give_back ReturnHandoffRequest { attempt: 1 }),
        other => panic!("there is no move {other}"),
    }
}
