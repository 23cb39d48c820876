//! Suggestions: what the figures of a route say could be changed, each with the share that it rests on.

use kernel::{Head, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    RouteId, TeamId, Total,
    improvement::ImprovementId,
    interval::Proportion,
    percentile::Percentile,
    report::{Promise, Report, report},
    sums::Count,
};

kernel::uuid_id! {
    /// A suggestion.
    SuggestionId
}

kernel::named! {
    /// What was found.
    pub enum Kind {
        /// A criterion is often cited in rejections though it is only a warning.
        RaiseSeverity = "RAISE_SEVERITY",
        /// A criterion is never cited.
        DropCriterion = "DROP_CRITERION",
        /// The same thing is often missing and no criterion asks for it.
        AddCriterion = "ADD_CRITERION",
        /// A target is missed by most.
        TargetMissed = "TARGET_MISSED",
        /// A target never binds.
        TargetLoose = "TARGET_LOOSE",
        /// A route has traffic and no owner.
        NameOwner = "NAME_OWNER",
        /// Most questions are about one field.
        ClarifyField = "CLARIFY_FIELD",
    }
}

kernel::named! {
    /// The life of a suggestion.
    pub enum State {
        /// Nobody has decided yet.
        Open = "OPEN",
        /// An improvement was recorded for it.
        Closed = "CLOSED",
        /// It holds no more.
        Gone = "GONE",
    }
}

/// A suggestion as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The end of its history.
    pub head: Head,
    /// Its id: the same finding on the same route keeps it.
    pub id: SuggestionId,
    /// The route.
    pub route_id: RouteId,
    /// The team that hands over.
    pub from_team: TeamId,
    /// The team that receives.
    pub to_team: TeamId,
    /// What was found last.
    pub finding: Finding,
    /// When it was first raised.
    pub raised_at: Timestamp,
    /// When its figures were last looked at.
    pub looked_at: Timestamp,
    /// Where it is in its life.
    pub state: State,
    /// What closed it.
    pub improvement_id: Option<ImprovementId>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The kind.
    pub kind: Kind,
    /// The criterion, field, kind of clock or text that it is about; empty for a route without an owner.
    pub subject: String,
    /// What was found, in a sentence.
    pub found: String,
    /// What could be changed, in a sentence.
    pub proposal: String,
    /// The share that it rests on.
    pub evidence: Proportion,
    /// What was promised, and what is delivered.
    pub promise: Option<Promised>,
}

/// What was promised beside what is delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the figures of report::Promise, as they are kept")]
pub struct Promised {
    pub kind: String,
    pub target_seconds: i64,
    pub with_target: i64,
    pub count: i64,
    pub open: i64,
    pub percentiles: [(i64, bool); 3],
    pub max_seconds: i64,
}

/// What is known of a route beside its figures.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Who answers for it; may be empty.
    pub owner: String,
    /// Whether it takes no new handoffs; then nothing is suggested.
    pub retired: bool,
    /// The keys of the criteria of its template's newest version; none where that is not known.
    pub criteria: Option<Vec<String>>,
}

/// A criterion is often cited if so many rejections do, and so many percent of them.
const CITED: (i64, i64) = (5, 20);
/// The same thing is often missing if so many rejections say so, and so many percent of them.
const MISSING: (i64, i64) = (3, 10);
/// A route has traffic from so many attempts on.
const TRAFFIC: i64 = 5;
/// Questions say something from so many rounds on.
const ROUNDS: i64 = 10;
/// Targets say something from so many clocks on.
const CLOCKS: i64 = 20;

/// What the figures of a route suggest.
pub fn suggest(known: &Known, total: &Total) -> Vec<Finding> {
    if known.retired {
        return vec![];
    }
    let report = report(total);
    let mut findings = of_criteria(known, &report);
    findings.extend(missing(known, total));
    findings.extend(targets(&report));
    findings.extend(owner(known, &report));
    findings.extend(questions(&report));
    findings
}

fn finding(kind: Kind, subject: &str, evidence: Proportion, found: String, proposal: String) -> Finding {
    Finding { kind, subject: subject.to_owned(), found, proposal, evidence, promise: None }
}

fn is_often(evidence: Proportion, (at_least, percent): (i64, i64)) -> bool {
    evidence.numerator >= at_least && evidence.numerator * 100 >= percent * evidence.denominator
}

fn of_criteria(known: &Known, report: &Report) -> Vec<Finding> {
    let mut findings = vec![];
    for criterion in &report.criteria {
        let key = &criterion.key;
        let is_there = known.criteria.as_ref().is_none_or(|keys| keys.contains(key));
        let cited = Proportion::new(criterion.rejections, report.volume.rejected);
        if is_there && 2 * criterion.advisory > criterion.required && is_often(cited, CITED) {
            let found = format!(
                "{} of {} rejections cite {key}, which does not stop a submit that fails it",
                cited.numerator, cited.denominator
            );
            findings.push(finding(Kind::RaiseSeverity, key, cited, found, format!("let {key} block the submit")));
        }
        if is_there && criterion.may_be_dropped {
            let evidence = Proportion::new(0, criterion.required);
            let found = format!("nothing cited {key} in {} submits that required it", criterion.required);
            let proposal = format!("drop {key}: it costs upstream work and has told nobody anything");
            findings.push(finding(Kind::DropCriterion, key, evidence, found, proposal));
        }
    }
    findings
}

fn missing(known: &Known, total: &Total) -> Vec<Finding> {
    let rejected = total.number(Count::Rejected);
    let texts = total.labelled(Count::RejectionMissing).map(|(text, count)| (text, Proportion::new(count, rejected)));
    let is_criterion = |text: &str| {
        known
            .criteria
            .as_ref()
            .is_some_and(|keys| keys.iter().any(|key| key.replace('_', " ").eq_ignore_ascii_case(text)))
    };
    let often = texts.filter(|(text, evidence)| is_often(*evidence, MISSING) && !is_criterion(text));
    let found = often.map(|(text, evidence)| {
        let found = format!(
            "{} of {} rejections say that this is missing: {text}; no criterion asks for it",
            evidence.numerator, evidence.denominator
        );
        finding(Kind::AddCriterion, text, evidence, found, format!("add a criterion to the template: {text}"))
    });
    found.collect()
}

fn targets(report: &Report) -> Vec<Finding> {
    let kinds = report.attainment.iter().filter(|it| !it.kind.is_empty() && it.share().denominator >= CLOCKS);
    let found = kinds.filter_map(|it| {
        let promise = report.promises.iter().find(|promise| promise.kind == it.kind)?;
        let (low, high) = it.share().interval()?;
        let (target, p95) = (promise.target_seconds, promise.delivered.p95);
        let is_loose = low > 0.9 && p95.reached && 2 * p95.seconds <= target && promise.delivered.count >= CLOCKS;
        let p85 = promise.delivered.p85;
        let (kind, found, proposal) = if high < 0.5 {
            let missed = format!(
                "{} is kept in {} of {} cases: {} are promised",
                it.kind,
                it.met,
                it.share().denominator,
                words(target)
            );
            let better = if p85.reached {
                format!("promise {}, within which 85 % are done, or change the work", words(p85.seconds))
            } else {
                format!("change the work, or promise more: 85 % are not done within {}", words(p85.seconds))
            };
            (Kind::TargetMissed, missed, better)
        } else if is_loose {
            let never = format!(
                "{} never binds: 95 % are done within {}, and {} are promised",
                it.kind,
                words(p95.seconds),
                words(target)
            );
            let better = format!("promise {}, within which 85 % are done", words(p85.seconds));
            (Kind::TargetLoose, never, better)
        } else {
            return None;
        };
        Some(Finding { promise: Some(Promised::of(promise)), ..finding(kind, &it.kind, it.share(), found, proposal) })
    });
    found.collect()
}

fn owner(known: &Known, report: &Report) -> Option<Finding> {
    let attempts = report.volume.submitted;
    (known.owner.is_empty() && attempts >= TRAFFIC).then(|| {
        let found = format!("{attempts} attempts in this time, and nobody answers for the route");
        let proposal = "name an owner of the route".to_owned();
        finding(Kind::NameOwner, "", Proportion::new(attempts, attempts), found, proposal)
    })
}

fn questions(report: &Report) -> Option<Finding> {
    let rounds: i64 = report.questions.about.iter().map(|(_, count)| count).sum();
    let (about, count) = report.questions.about.first()?;
    let evidence = Proportion::new(*count, rounds);
    (rounds >= ROUNDS && is_often(evidence, (0, 50))).then(|| {
        let found = format!("{count} of {rounds} rounds of questions are about {about}");
        let proposal = format!("say in the template what {about} has to hold, with an example");
        finding(Kind::ClarifyField, about, evidence, found, proposal)
    })
}

/// Seconds in words: the two largest units.
fn words(seconds: i64) -> String {
    const UNITS: [(i64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut left = seconds;
    let mut parts = vec![];
    for (length, name) in UNITS {
        if left >= length && parts.len() < 2 {
            parts.push(format!("{} {name}", left / length));
            left %= length;
        }
    }
    if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
}

impl Promised {
    fn of(promise: &Promise) -> Self {
        let delivered = promise.delivered;
        let percentiles = [delivered.p50, delivered.p85, delivered.p95].map(|it| (it.seconds, it.reached));
        Self {
            kind: promise.kind.clone(),
            target_seconds: promise.target_seconds,
            with_target: promise.with_target,
            count: delivered.count,
            open: delivered.open,
            percentiles,
            max_seconds: delivered.max_seconds,
        }
    }

    /// As a report tells it.
    pub fn promise(&self) -> Promise {
        let [p50, p85, p95] = self.percentiles.map(|(seconds, reached)| Percentile { seconds, reached });
        let (count, open, max_seconds) = (self.count, self.open, self.max_seconds);
        Promise {
            kind: self.kind.clone(),
            target_seconds: self.target_seconds,
            with_target: self.with_target,
            delivered: super::percentile::Durations { count, open, p50, p85, p95, max_seconds },
        }
    }
}

impl Suggestion {
    /// The id of a finding on a route.
    pub fn id_of(route: &RouteId, finding: &Finding) -> SuggestionId {
        let parts = ["suggestion", route.as_str(), finding.kind.name(), &finding.subject].map(str::as_bytes);
        kernel::derived_uuid(&parts).into()
    }

    /// It was found, perhaps again; tells whether that is to be said. What was decided stays decided, until the review of the decision
    /// was held.
    pub fn found(&mut self, finding: Finding, is_reviewed: bool, now: Timestamp) -> bool {
        (self.finding, self.looked_at) = (finding, now);
        let is_back = match self.state {
            State::Open => false,
            State::Gone => true,
            State::Closed => is_reviewed,
        };
        if is_back {
            (self.state, self.raised_at, self.improvement_id) = (State::Open, now, None);
        }
        is_back
    }

    /// It was not found any more.
    pub fn not_found(&mut self, now: Timestamp) {
        self.looked_at = now;
        if self.state == State::Open {
            self.state = State::Gone;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        Day, Query,
        query::{Historic, Scope},
        sums::{Cohort, Span, Sums},
    };

    /// Findings of a route with these sums, in a line each.
    fn found(known: &Known, sums: &Sums) -> Vec<String> {
        let query = Query {
            scope: Scope::All,
            from: Day(0),
            until: Day(100),
            as_of: Day(100).start(),
            historic: Historic::Include,
            version: None,
            return_days: 14,
        };
        let cohort = Cohort {
            route_id: "r".parse().unwrap(),
            from_team: "a".parse().unwrap(),
            to_team: "b".parse().unwrap(),
            template: None,
            terms_version: 0,
            policy: None,
            historic: false,
        };
        let mut total = Total::new(query);
        total.add(&cohort, Day(50), sums);
        let line = |it: &Finding| format!("{}: {}; {}", it.kind, it.found, it.proposal);
        suggest(known, &total).iter().map(line).collect()
    }

    fn owned() -> Known {
        Known { owner: "anna".into(), ..Known::default() }
    }

    #[test]
    fn a_warning_that_is_often_cited_and_what_nothing_cites() {
        let mut sums = Sums::default();
        for (key, advisory, cited) in [("risks", 40, 6), ("contract", 0, 0), ("scope", 0, 3)] {
            sums.count(Count::CriterionApplied, key, 40);
            sums.count(Count::CriterionAdvisory, key, advisory);
            sums.count(Count::RejectionCriterion, key, cited);
        }
        sums.count(Count::Rejected, "", 10);
        insta::assert_snapshot!(found(&owned(), &sums).join("\n"), @r"
        RAISE_SEVERITY: 6 of 10 rejections cite risks, which does not stop a submit that fails it; let risks block the submit
        DROP_CRITERION: nothing cited contract in 40 submits that required it; drop contract: it costs upstream work and has told nobody anything
        ");
        let newest = Known { criteria: Some(vec!["scope".into()]), ..owned() };
        assert_eq!(found(&newest, &sums), [""; 0], "neither is in the newest version any more");
    }

    #[test]
    fn what_is_missing_in_equal_words_and_no_criterion_asks_for() {
        let mut sums = Sums::default();
        sums.count(Count::Rejected, "", 10);
        sums.count(Count::RejectionMissing, "the floor plan", 3);
        sums.count(Count::RejectionMissing, "customer contact", 4);
        sums.count(Count::RejectionMissing, "a stamp", 2);
        let known = Known { criteria: Some(vec!["customer_contact".into()]), ..owned() };
        insta::assert_snapshot!(found(&known, &sums).join("\n"), @"ADD_CRITERION: 3 of 10 rejections say that this is missing: the floor plan; no criterion asks for it; add a criterion to the template: the floor plan");
    }

    #[test]
    fn a_target_that_most_miss_and_one_that_never_binds() {
        let mut sums = Sums::default();
        for (label, met, late, seconds) in [
            ("ACCEPTANCE DOWNSTREAM", 5, 35, 50_000),
            ("BEGIN DOWNSTREAM", 60, 0, 1_800),
            ("ANSWER UPSTREAM", 10, 9, 60),
        ] {
            sums.count(Count::ClockMet, label, met);
            sums.count(Count::ClockLate, label, late);
            sums.count(Count::ClockTarget, format!("{label} 28800"), met + late);
            for _ in 0..met + late {
                sums.span(Span::Clock, label, seconds);
            }
        }
        insta::assert_snapshot!(found(&owned(), &sums).join("\n"), @r"
        TARGET_MISSED: ACCEPTANCE is kept in 5 of 40 cases: 8 h are promised; promise 13 h 53 min, within which 85 % are done, or change the work
        TARGET_LOOSE: BEGIN never binds: 95 % are done within 30 min, and 8 h are promised; promise 30 min, within which 85 % are done
        ");
    }

    #[test]
    fn a_route_without_an_owner_and_questions_about_one_field() {
        let mut sums = Sums::default();
        sums.count(Count::Submitted, "", 5);
        sums.count(Count::QuestionAbout, "timeline", 6);
        sums.count(Count::QuestionAbout, "scope", 5);
        insta::assert_snapshot!(found(&Known::default(), &sums).join("\n"), @r"
        NAME_OWNER: 5 attempts in this time, and nobody answers for the route; name an owner of the route
        CLARIFY_FIELD: 6 of 11 rounds of questions are about timeline; say in the template what timeline has to hold, with an example
        ");
        assert_eq!(found(&owned(), &sums).len(), 1);
        assert_eq!(
            found(&Known { retired: true, ..Known::default() }, &sums),
            [""; 0],
            "a retired route is left alone"
        );
    }

    #[test]
    fn what_was_decided_stays_decided_until_its_review_was_held() {
        let finding = finding(Kind::NameOwner, "", Proportion::new(5, 5), String::new(), String::new());
        let (now, later) = (Day(1).start(), Day(2).start());
        let of = |state| Suggestion {
            head: Head::default(),
            id: Suggestion::id_of(&"r".parse().unwrap(), &finding),
            route_id: "r".parse().unwrap(),
            from_team: "a".parse().unwrap(),
            to_team: "b".parse().unwrap(),
            finding: finding.clone(),
            raised_at: now,
            looked_at: now,
            state,
            improvement_id: (state == State::Closed).then(|| uuid::Uuid::nil().into()),
        };
        for (state, is_reviewed, is_said) in [
            (State::Open, false, false),
            (State::Gone, false, true),
            (State::Closed, false, false),
            (State::Closed, true, true),
        ] {
            let mut suggestion = of(state);
            assert_eq!(suggestion.found(finding.clone(), is_reviewed, later), is_said, "{state}, {is_reviewed}");
            assert_eq!(suggestion.looked_at, later);
            assert_eq!(suggestion.raised_at == later, is_said);
            assert_eq!(suggestion.improvement_id.is_none(), suggestion.state == State::Open);
        }
        let states = [State::Open, State::Closed, State::Gone].map(|state| {
            let mut suggestion = of(state);
            suggestion.not_found(later);
            suggestion.state
        });
        assert_eq!(states, [State::Gone, State::Closed, State::Gone]);
    }
}
