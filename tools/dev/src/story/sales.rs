//! The chapters of a won deal: from the CRM over refusals, a question, a rejection, a review and a return to the completed
//! project.

use dev::Result;
use dev::error::OrSay as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::Deserialize;

use super::act::act;
use super::questions;
use super::teller::Teller;

const DEAL: &str = "crm/D-1042";
const ROUTE: &str = "sales-to-implementation";
/// What is met once: the first deal that crosses, and any large one, is talked through.
const REVIEW_RULE: &str = "first_time_pair || fields.contract_value.amount > 100000";
const REQUIREMENTS: &str =
    "technical_requirements=Sign-on by Entra ID; 40 users; data in the EU; orders to their SAP every night.";
const MENDED_REQUIREMENTS: &str =
    "technical_requirements=Sign-on by Entra ID; 40 users; data in the EU; orders to SAP S/4HANA 2023, via their IT.";

/// The days that the story speaks of.
struct Days {
    kickoff: Date,
    go_live: Date,
    later_go_live: Date,
    condition_due: Date,
}

/// What is asked for with `baton --json handoff show`.
#[derive(Deserialize)]
struct Shown {
    handoff: Handoff,
}

#[derive(Deserialize)]
struct Handoff {
    revision: u64,
}

/// Tells them; returns the handoff's last revision, which is the number of its facts.
pub(super) fn tell(teller: &mut Teller<'_>) -> Result<u64> {
    let days = Days::from_today();
    agree(teller)?;
    check_the_map(teller)?;
    draft(teller)?;
    fill_in(teller, &days)?;
    questions::tell(teller, DEAL)?;
    reject(teller)?;
    move_the_deadline(teller)?;
    resubmit(teller)?;
    review(teller)?;
    accept(teller, &days)?;
    give_back(teller, &days)?;
    complete(teller)?;
    look_back(teller)
}

fn agree(teller: &mut Teller<'_>) -> Result<()> {
    teller.chapter("Two teams agree how work crosses", "An administrator sets up the two teams.")?;
    let sales = ["team", "create", "sales", "--name", "Sales", "--member", "anna=lead", "--member", "sam"];
    teller.play(&act("admin", sales).unshown())?;
    let implementation =
        ["team", "create", "implementation", "--name", "Implementation", "--member", "ivan=lead", "--member", "ines"];
    teller.play(&act("admin", implementation).unshown())?;

    teller.say(
        "Anna leads sales. She publishes the template that Baton ships for this transition: the fields and the checklist \
         that a won deal has to bring along. Then she maps the route.",
    )?;
    let import = ["template", "import", "--starter", ROUTE, "--owner", "sales", "--publish"];
    teller.play(&act("anna", import).says(&["version 1 is PUBLISHED"]))?;
    let risk = "information-loss=promises made on the phone";
    let route = [
        "route",
        "create",
        "--from",
        "sales",
        "--to",
        "implementation",
        "--name",
        "Won deal to project",
        "--risk",
        risk,
    ];
    teller.play(&act("anna", route).unshown())?;

    teller.say(
        "The terms bind both sides: this template decides, the first deal and every large one is talked through in a review, \
         and whoever accepts restates in their own words what was handed over.",
    )?;
    let terms = ["terms", "set", ROUTE, "--template", ROUTE, "--review-rule", REVIEW_RULE, "--read-back", "required"];
    teller.play(&act("admin", terms).says(&["read-back      required", REVIEW_RULE]).unshown()).map(drop)
}

fn check_the_map(teller: &mut Teller<'_>) -> Result<()> {
    teller.chapter(
        "The map knows its gaps",
        "Teams, routes and terms are one map, and Baton looks at it as a whole: each finding says what to do about it.",
    )?;
    let gaps = ["ROUTE_WITHOUT_OWNER", "TEAM_WITHOUT_ESCALATION_CONTACT", "ROUTE_WITHOUT_TRIGGER"];
    teller.play(&act("anna", ["map", "check", "--team", "sales"]).says(&gaps))?;
    teller.say("Anna does what it says for her team and for the route.")?;
    let escalation = ["team", "update", "sales", "--escalation", "head.of.sales@acme-vendor.example"];
    teller.play(&act("anna", escalation).unshown())?;
    let update = ["route", "update", ROUTE, "--owner", "anna", "--trigger", "The CRM says that a deal is won."];
    teller.play(&act("anna", update).unshown())?;
    let left = teller.play(&act("anna", ["map", "check", "--team", "sales"]).says(&["ROUTE_WITHOUT_POLICY"]))?;
    Teller::claim(!left.stdout.contains("ROUTE_WITHOUT_OWNER"), "the route's owner is no finding any more")
}

fn draft(teller: &mut Teller<'_>) -> Result<()> {
    teller.chapter("A deal is won", "Sam of sales closes deal D-1042 in the CRM and drafts its handoff. The same deal again would give the same handoff.")?;
    let create = [
        "handoff",
        "create",
        "--from",
        "sales",
        "--to",
        "implementation",
        "--title",
        "Acme: 40 seats",
        "--origin",
        DEAL,
        "crm_record=crm/opportunity/D-1042",
        "contract_value=48000.00 EUR",
        "services_included=Onboarding,Training",
    ];
    teller.play(&act("sam", create).says(&["Created", "DRAFT", "sales is accountable", "waits on sales"]))?;

    teller.say(
        "Anna wants it off her desk and submits it at once. Baton refuses and names everything that is missing.",
    )?;
    let missing = ["CRITERIA_UNMET", "signed_contract", "technical_requirements", "customer_contact", "timeline"];
    teller.play(&act("anna", ["handoff", "submit", DEAL]).refused().says(&missing))?;

    teller.say("Ivan leads implementation, and cannot do it for her: it is the other side's work.")?;
    let forbidden = act("ivan", ["handoff", "submit", DEAL]).forbidden().says(&["WRONG_SIDE", "PermissionDenied"]);
    teller.play(&forbidden).map(drop)
}

fn fill_in(teller: &mut Teller<'_>, days: &Days) -> Result<()> {
    teller.chapter(
        "Complete, and handed over",
        "Anna asks the customer, fills in what is missing, and ticks the two open items, each with its evidence.",
    )?;
    let (kickoff, go_live) = (format!("kickoff_on={}", days.kickoff), format!("go_live_on={}", days.go_live));
    let timeline = format!("timeline=Kick-off on {}, live on {} for the new season.", days.kickoff, days.go_live);
    let answers = [
        "handoff",
        "set",
        DEAL,
        "signed_contract=contract.pdf|https://files.example/acme/contract.pdf",
        REQUIREMENTS,
        "customer_contact=Maria Weiss, head of operations",
        "customer_contact_email=maria.weiss@acme.example",
        &timeline,
        &kickoff,
        &go_live,
        "go_live_is_contractual=no",
        "success_criteria=Orders are in SAP the next morning, without anybody typing them again.",
    ];
    teller.play(&act("anna", answers).says(&["Set", "DRAFT"]).unshown())?;
    let told = ["handoff", "tick", DEAL, "customer_told", "--evidence", "call with Maria Weiss: Ivan phones on Monday"];
    teller.play(&act("anna", told).says(&["Ticked"]).unshown())?;
    let fits = ["handoff", "tick", DEAL, "scope_fits_product", "--evidence", "Jo of presales, all within the standard"];
    teller.play(&act("anna", fits).says(&["Ticked"]).unshown())?;
    teller.play(&act("anna", ["handoff", "submit", DEAL]).says(&[
        "SUBMITTED, attempt 1",
        "sales is accountable",
        "waits on implementation",
    ]))?;

    teller.say("Now it waits in the inbox of implementation, and in nobody else's. Sales stays accountable until it is accepted.")?;
    teller.play(&act("ivan", ["inbox"]).says(&["Acme: 40 seats", "SUBMITTED", "your turn"]))?;
    teller.play(&act("anna", ["inbox"]).says(&["none"])).map(drop)
}

fn reject(teller: &mut Teller<'_>) -> Result<()> {
    teller.chapter(
        "Rejected, with a reason that can be acted on",
        "A criterion is met in form but not in substance: Ivan rejects, and has to say which one.",
    )?;
    let reason = "technical_requirements=Your answer belongs here: S/4HANA 2023, and that their IT opens the access.";
    let reject = ["handoff", "reject", DEAL, "--criterion", reason];
    teller.play(&act("ivan", reject).says(&["REJECTED, attempt 1", "waits on sales"])).map(drop)
}

fn move_the_deadline(teller: &mut Teller<'_>) -> Result<()> {
    teller.chapter(
        "A new promise takes both sides",
        "Acme's IT is away this week. Anna cannot just move what sales has promised: she proposes, ...",
    )?;
    let reason = "their IT is away this week";
    let propose = ["propose", "deadline", DEAL, "--deliver-by", "+7d", "--reason", reason];
    teller.play(&act("anna", propose).says(&["Proposed", "REJECTED", "waits on sales"]))?;
    teller.say("... cannot agree to it herself, ...")?;
    teller.play(&act("anna", ["agree", DEAL, "p1"]).forbidden())?;
    teller.say("... and Ivan agrees.")?;
    teller.play(&act("ivan", ["agree", DEAL]).says(&["Agreed", "REJECTED"])).map(drop)
}

fn resubmit(teller: &mut Teller<'_>) -> Result<()> {
    teller.chapter(
        "Mended, and not waved through",
        "Kim is in both teams. She mends what was rejected, and submits the second attempt ...",
    )?;
    teller.play(&act("kim", ["handoff", "set", DEAL, MENDED_REQUIREMENTS]).says(&["Set", "REJECTED"]).unshown())?;
    teller.play(&act("kim", ["handoff", "submit", DEAL]).says(&["SUBMITTED, attempt 2"]))?;
    teller.say("... but nobody accepts what they submitted.")?;
    let accept = ["handoff", "accept", DEAL, "--read-back", "All clear."];
    teller.play(&act("kim", accept).forbidden()).map(drop)
}

fn review(teller: &mut Teller<'_>) -> Result<()> {
    teller
        .chapter("The first deal is talked through", "Ivan would accept now, but the terms require a review of it.")?;
    let early = act("ivan", ["handoff", "accept", DEAL, "--read-back", "40 seats with Entra ID."]).refused();
    teller.play(&early.says(&["REVIEW_REQUIRED", REVIEW_RULE]))?;

    teller.say("He calls Anna to a meeting that begins at once. Its agenda comes from the handoff.")?;
    let begins = in_a_moment();
    let schedule = [
        "review",
        "schedule",
        DEAL,
        "--at",
        &begins,
        "--duration",
        "20m",
        "--place",
        "Room 4",
        "--upstream",
        "Anna <anna@sales.example>",
        "--downstream",
        "Ivan",
    ];
    teller.play(&act("ivan", schedule).says(&["Review scheduled"]).unshown())?;
    let agenda = ["REQUIRED for attempt 2", "scheduled", "agenda", "promises_listed"];
    teller.play(&act("ines", ["review", "list", DEAL]).says(&agenda))?;

    teller.say("They meet. Ivan records who of both sides was there, what they decided, and that it is READY.")?;
    let held = [
        "review",
        "held",
        DEAL,
        "--ready",
        "--upstream",
        "Anna",
        "--downstream",
        "Ivan",
        "--decision",
        "Orders go to SAP at night, not at once",
    ];
    teller
        .play_when_due(&act("ivan", held).says(&["Review held", "SUBMITTED, attempt 2"]), "REVIEW_NOT_BEGUN")
        .map(drop)
}

fn accept(teller: &mut Teller<'_>, days: &Days) -> Result<()> {
    teller
        .chapter("Accepted: accountability moves", "Ivan is satisfied, but a bare yes is not enough on this route.")?;
    teller.play(&act("ivan", ["handoff", "accept", DEAL]).refused().says(&["READ_BACK_REQUIRED"]))?;
    teller.say(
        "He reads back what he understood, and accepts on a condition. It becomes an action of sales with a due time.",
    )?;
    let read_back = format!("40 users with Entra ID, orders to S/4HANA every hour, live on {}.", days.go_live);
    let condition = format!("Send the signed data agreement; due={}; owner=anna", days.condition_due);
    let accept = ["handoff", "accept", DEAL, "--read-back", &read_back, "--condition", &condition];
    teller.play(&act("ivan", accept).says(&["ACCEPTED, attempt 2", "implementation is accountable"]))?;
    teller.say("Anna reads what he understood. One thing is wrong, and this is the cheapest moment to say so.")?;
    let correction = "Every night, not every hour";
    let correct = ["handoff", "confirm-read-back", DEAL, "--correction", correction];
    teller.play(&act("anna", correct).says(&["ACCEPTED, attempt 2"]))?;
    teller.play(&act("ines", ["handoff", "begin", DEAL]).says(&["IN_PROGRESS"])).map(drop)
}

fn give_back(teller: &mut Teller<'_>, days: &Days) -> Result<()> {
    teller.chapter(
        "Returned: the ground has moved",
        "Ines calls the customer, who cannot go live so soon. She returns the work, and sales is accountable again.",
    )?;
    let reason = "timeline=The season of the customer begins a month later.";
    let give_back = ["handoff", "return", DEAL, "--criterion", reason];
    teller.play(&act("ines", give_back).says(&["RETURNED, attempt 2", "sales is accountable"]))?;
    let timeline = format!("timeline=Kick-off on {}, live on {}, as Acme asks.", days.kickoff, days.later_go_live);
    let go_live = format!("go_live_on={}", days.later_go_live);
    teller.play(&act("anna", ["handoff", "set", DEAL, &timeline, &go_live]).says(&["RETURNED"]).unshown())?;
    teller.play(&act("anna", ["handoff", "submit", DEAL]).says(&["SUBMITTED, attempt 3"]))?;
    teller.say(
        "No other deal was completed yet, so this attempt needs a review too. Ivan leads: he waives it, by name.",
    )?;
    let waive = ["review", "waive", DEAL, "--reason", "we have met; only the date has moved"];
    teller.play(&act("ivan", waive).says(&["Review waived"]))?;
    let read_back = format!("As before, but live on {}.", days.later_go_live);
    let accept = ["handoff", "accept", DEAL, "--read-back", &read_back];
    teller.play(&act("ivan", accept).says(&["ACCEPTED, attempt 3"]))?;
    teller.play(&act("ines", ["handoff", "begin", DEAL]).says(&["IN_PROGRESS, attempt 3"]))?;

    teller.say("Both sides have something to do now: implementation the project, sales the condition.")?;
    teller.play(&act("ivan", ["inbox"]).says(&["IN_PROGRESS", "your turn"]))?;
    teller.play(&act("anna", ["inbox"]).says(&["IN_PROGRESS", "1 action"])).map(drop)
}

fn complete(teller: &mut Teller<'_>) -> Result<()> {
    teller.chapter("Completed", "Downstream has a checklist too. Ines cannot complete before it is done.")?;
    let early = act("ines", ["handoff", "complete", DEAL]).refused();
    teller.play(&early.says(&["WORK_UNFINISHED", "kickoff_held", "plan_agreed"]))?;
    let held = ["handoff", "tick", DEAL, "kickoff_held", "--evidence", "all nine people were there"];
    teller.play(&act("ines", held).says(&["Ticked"]).unshown())?;
    let agreed = ["handoff", "tick", DEAL, "plan_agreed", "--evidence", "https://wiki.example/acme/plan"];
    teller.play(&act("ines", agreed).says(&["Ticked"]).unshown())?;
    teller.play(&act("ines", ["handoff", "complete", DEAL]).says(&["COMPLETED, attempt 3", "nobody's turn"]))?;

    teller.say("The condition outlives the work: Anna still owes the data agreement, and sends it.")?;
    teller.play(&act("anna", ["action", "done", DEAL, "a1"]).says(&["Action done", "COMPLETED"]))?;
    teller.play(&act("anna", ["inbox"]).says(&["none"])).map(drop)
}

fn look_back(teller: &mut Teller<'_>) -> Result<u64> {
    teller.chapter("One history for both sides", "Nobody has to remember who said what. This is what Anna sees:")?;
    let told = [
        "asked, blocking",
        "moved the promise",
        "scheduled a review",
        "waived",
        "Every night, not every hour",
        "rejected attempt 1",
        "returned attempt 2",
        "completed it",
        "did an action",
    ];
    let upstream = teller.play(&act("anna", ["handoff", "timeline", DEAL]).says(&told))?;
    let downstream = teller.play(&act("ivan", ["handoff", "timeline", DEAL]).unshown())?;
    Teller::claim(upstream.stdout == downstream.stdout, "both sides see the same timeline")?;
    teller.note("(Ivan sees the same, letter by letter.)")?;
    Ok(shown(teller)?.revision)
}

fn shown(teller: &mut Teller<'_>) -> Result<Handoff> {
    let outcome = teller.look(&act("anna", ["--json", "handoff", "show", DEAL]))?;
    let shown: Shown = serde_json::from_str(&outcome.stdout)
        .or_say("reading the handoff", "look what `baton --json handoff show` prints")?;
    Ok(shown.handoff)
}

/// So soon that nobody waits for it, and so late that it can still be scheduled.
#[expect(clippy::disallowed_methods, reason = "the people of the story live today, by the wall clock")]
fn in_a_moment() -> String {
    format!("{:.0}", Timestamp::now().saturating_add(3.seconds()).expect("seconds can be added"))
}

impl Days {
    #[expect(clippy::disallowed_methods, reason = "the people of the story live today, by the wall clock")]
    fn from_today() -> Self {
        let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
        let after = |days: i32| today.saturating_add(days.days());
        Self { kickoff: after(14), go_live: after(60), later_go_live: after(90), condition_due: after(7) }
    }
}
