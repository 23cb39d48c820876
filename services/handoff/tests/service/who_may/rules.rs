//! Who may do what, as domain.md and api.md say it, written down again apart from the code. Columns are `testkit::who`'s.

/// "Upstream and downstream commands need membership of that side's team"; "ADMIN may act for either side; the fact then
/// carries `override {reason}`".
const UPSTREAM: &str = "uM uL uS bM bL A+";
const DOWNSTREAM: &str = "dM dL dS bM bL A+";
const EITHER: &str = "uM uL uS dM dL dS bM bL A+";
/// "overrides need LEAD".
const DOWNSTREAM_LEAD: &str = "dL bL A+";
const EITHER_LEAD: &str = "uL dL bL A+";
/// "a route a LEAD of either side", with administrators, who need no reason outside of a handoff.
const ROUTE: &str = "uL dL bL A- A+";
/// "a LEAD of one side proposes, a LEAD of the other agrees or declines; or an ADMIN sets them".
const TERMS_EITHER: &str = "uL dL bL";
const TERMS_UPSTREAM: &str = "uL bL";
const TERMS_DOWNSTREAM: &str = "dL bL";
/// "a team ... a LEAD of it".
const TEAM: &str = "uL bL A- A+";
/// "policies, workflows, ImportMap and new teams ADMIN".
const ADMIN: &str = "A- A+";
/// "Create: a member of either side, or a service".
const CREATE: &str = "uM uL uS dM dL dS bM bL A+ Re Im";
/// "ADMIN, or a SERVICE with the importer role".
const IMPORT: &str = "A- A+ Im";
/// "tokens with role READER only"; the code lets administrators read it too, who may see all that it holds.
const LOG: &str = "A- A+ Re";
/// "Everyone signed in may read".
const SIGNED_IN: &str = "uM uL uS dM dL dS bM bL oL nT A- A+ Re Im";
/// "except handoffs marked `confidential`, which only the two teams and ADMIN may see".
const INSIDERS: &str = "uM uL uS dM dL dS bM bL A- A+";
/// "nobody accepts, agrees to, answers or waives what they themselves submitted, proposed, asked or requested".
const NOBODY: &str = "";

/// The columns that may, for a row of the table.
#[expect(clippy::match_same_arms, reason = "an arm is a sentence of the design, in its order")]
pub(super) fn allowed(row: &str) -> &'static str {
    let (rpc, note) = row.split_once(": ").unwrap_or((row, ""));
    if note.ends_with("own") {
        return NOBODY;
    }
    match (rpc, note) {
        (_, "confidential") => INSIDERS,
        ("CreateHandoff", _) => CREATE,
        ("TickItem", "of upstream") => UPSTREAM,
        ("TickItem", "of downstream") => DOWNSTREAM,
        (
            "UpdateHandoff" | "SubmitHandoff" | "RecallHandoff" | "ConfirmReadBack" | "ReopenHandoff" | "CancelHandoff"
            | "MigrateDraft",
            _,
        ) => UPSTREAM,
        ("ClaimHandoff" | "UnclaimHandoff", "claimed by somebody else") => DOWNSTREAM_LEAD,
        (
            "ClaimHandoff" | "UnclaimHandoff" | "AcceptHandoff" | "RejectHandoff" | "BeginHandoff" | "CompleteHandoff"
            | "ReturnHandoff" | "RecordReviewHeld",
            _,
        ) => DOWNSTREAM,
        ("ReassignHandoff" | "SetConfidential", _) => EITHER_LEAD,
        ("ResumeHandoff", "held by upstream alone") => UPSTREAM,
        (
            "HoldHandoff" | "ResumeHandoff" | "AddComment" | "AddLink" | "RemoveLink" | "AddAttachment" | "AddAction"
            | "AskQuestion" | "ScheduleReview" | "RescheduleReview" | "CancelReview" | "RecordReviewMissed",
            _,
        ) => EITHER,
        ("CompleteAction" | "ConfirmAction", "of upstream") => UPSTREAM,
        ("CompleteAction", "of downstream") => DOWNSTREAM,
        ("AnswerQuestion", "of downstream") => UPSTREAM,
        ("AnswerQuestion", "of upstream") => DOWNSTREAM,
        ("MarkInsufficient" | "CloseQuestion", "of downstream") => DOWNSTREAM,
        ("WaiveReview", _) => DOWNSTREAM_LEAD,
        ("Propose", "a waiver") => UPSTREAM,
        ("Propose", _) => EITHER,
        ("AgreeProposal", "to upstream's waiver") | ("DeclineProposal", "upstream's waiver") => DOWNSTREAM_LEAD,
        ("AgreeProposal" | "DeclineProposal", _) => DOWNSTREAM,
        ("ImportHandoffs", _) => IMPORT,
        ("ListEvents" | "GetWatermark", _) => LOG,
        ("CreateTeam" | "SetTerms" | "CreateWorkflow" | "UpdateWorkflow" | "ImportMap", _) => ADMIN,
        ("UpdateTeam", _) => TEAM,
        ("CreateRoute" | "UpdateRoute" | "RetireRoute" | "PromoteRoute", _) => ROUTE,
        ("ProposeTerms", _) => TERMS_EITHER,
        ("AgreeTerms" | "DeclineTerms", "upstream proposed them") => TERMS_DOWNSTREAM,
        ("WithdrawTerms", "upstream proposed them") => TERMS_UPSTREAM,
        (rpc, _)
            if ["Get", "List", "Watch", "Evaluate", "Preview", "Check", "Export"]
                .iter()
                .any(|verb| rpc.starts_with(verb)) =>
        {
            SIGNED_IN
        }
        _ => panic!("the design does not say who may {row}"),
    }
}
