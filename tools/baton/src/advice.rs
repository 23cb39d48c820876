//! What to do about a refusal, by its reason: the command or the option that helps.

use std::collections::HashMap;

/// A command or an option; none where the refusal's own sentence says it all. HANDOFF stands for the handoff; the metadata
/// are what the refusal says beside its reason.
pub(crate) fn for_refusal(reason: &str, metadata: &HashMap<String, String>) -> Option<&'static str> {
    let said = |key: &str| metadata.get(key).map(String::as_str).unwrap_or_default();
    Some(match reason {
        "ACTION_WRONG_STATE" if said("state") == "not confirmed" => {
            "the side that is to do it takes it on first: `baton action confirm HANDOFF a1`"
        }
        "WRONG_STATE" => return in_state(said("command"), said("state")),
        "AMBIGUOUS_ROUTE" => "give --route",
        "ATTEMPT_MOVED" | "MIGRATION_MOVED" | "REVISION_MISMATCH" => "read it again with `baton handoff show HANDOFF`",
        "BLOCKING_QUESTION_OPEN" => {
            "`baton question list HANDOFF --open`; then upstream answers with `baton question answer`, or your side closes \
             its question with `baton question close`"
        }
        "CLAIMED" => "ask them to `baton handoff unclaim HANDOFF`; a LEAD may claim it all the same",
        "CRITERIA_UNMET" => {
            "`baton handoff set` and `baton handoff tick` mend them; `baton propose waiver HANDOFF --criterion KEY \
             --reason TEXT` asks downstream to do without"
        }
        "NEEDS_AGREEMENT" => {
            "ask the other side: `baton propose deadline|priority|cancel HANDOFF --reason TEXT`; it answers with \
             `baton agree HANDOFF`"
        }
        "NOT_NEWER" => {
            "`baton template show TEMPLATE` tells the versions; give a newer one with --to, or none for the latest"
        }
        "ON_HOLD" => "`baton handoff resume HANDOFF` ends the hold",
        "OVERRIDE_REASON_REQUIRED" => "give --override-reason TEXT",
        "ALREADY_PROPOSED" => {
            "`baton handoff show HANDOFF` shows it; the other side answers with `baton agree` or `baton decline`"
        }
        "PROPOSAL_WRONG_STATE" | "ACTION_WRONG_STATE" => "`baton handoff show HANDOFF` tells how each of them stands",
        "QUESTION_WRONG_STATE" => "`baton question list HANDOFF` tells how each of them stands",
        "REVIEW_WRONG_STATE" => "`baton review list HANDOFF` tells how each of them stands",
        "ALREADY_ANSWERED" => "the first answer stays as it is; `baton survey list` tells what else you are asked",
        "IMPROVEMENT_NOT_FOUND" => "`baton improve list` tells which there are",
        "INVITATION_NOT_FOUND" => "`baton survey list` tells what you are asked",
        "ROUTE_NOT_FOUND" => "`baton route list` tells which there are",
        "SUGGESTION_NOT_FOUND" => "`baton improve suggestions` tells which there are",
        "TEAM_NOT_FOUND" => "`baton team list` tells which there are",
        "WORKFLOW_NOT_FOUND" => "`baton workflow list` tells which there are",
        "TEMPLATE_NOT_FOUND" => {
            "`baton template list` tells which there are; `baton template publish` puts a draft in force"
        }
        "PROPOSAL_OVERDUE" => "`baton decline HANDOFF`, and `baton propose` with a later time",
        "READ_BACK_REQUIRED" => "give --read-back TEXT: what was handed over, in your own words",
        "RETURN_WINDOW_CLOSED" => "`baton handoff create --follows ID` makes the next one of the same work",
        "REVIEW_REQUIRED" => {
            "`baton review schedule HANDOFF --at TIME --place PLACE --upstream NAME --downstream NAME`, and after it \
             `baton review held HANDOFF --ready ...`; or a LEAD of downstream: `baton review waive HANDOFF --reason TEXT`"
        }
        "SIDE_REQUIRED" => "say for whom you act: --side upstream or --side downstream",
        "WORK_UNFINISHED" => "`baton handoff tick HANDOFF ITEM`, `baton action done HANDOFF a1`",
        _ => return None,
    })
}

/// What helps where a command finds another state than it starts from.
fn in_state(command: &str, state: &str) -> Option<&'static str> {
    match (command, state) {
        ("CANCEL", "ACCEPTED" | "IN_PROGRESS") => Some(
            "downstream has taken it, so both must want it: `baton propose cancel HANDOFF --reason TEXT`, then \
             `baton agree HANDOFF`",
        ),
        ("UPDATE", "SUBMITTED") => Some("`baton handoff recall HANDOFF` takes it back first"),
        _ => None,
    }
}
