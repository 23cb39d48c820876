//! What to do about a refusal, by its reason: the command or the option that helps.

/// A command or an option; none where the refusal's own sentence says it all. HANDOFF stands for the handoff.
pub(crate) fn for_reason(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "ACTION_UNCONFIRMED" => "`baton action confirm HANDOFF a1`; `baton action list HANDOFF` tells which",
        "AMBIGUOUS_ROUTE" => "give --route",
        "ATTEMPT_MOVED" | "REVISION_MISMATCH" => "read it again with `baton handoff show HANDOFF`",
        "BLOCKING_QUESTION_OPEN" => {
            "`baton question list HANDOFF --open`; then upstream answers with `baton question answer`, or your side closes \
             its question with `baton question close`"
        }
        "CLAIMED" | "CLAIMED_BY_OTHER" => {
            "ask them to `baton handoff unclaim HANDOFF`; a LEAD may claim it all the same"
        }
        "CRITERIA_UNMET" => {
            "`baton handoff set` and `baton handoff tick` mend them; `baton propose waiver HANDOFF --criterion KEY \
             --reason TEXT` asks downstream to do without"
        }
        "NEEDS_AGREEMENT" => {
            "ask the other side: `baton propose deadline|priority|cancel HANDOFF --reason TEXT`; it answers with \
             `baton agree HANDOFF`"
        }
        "OVERRIDE_REASON_REQUIRED" => "give --override-reason TEXT",
        "ALREADY_PROPOSED" => {
            "`baton handoff show HANDOFF` shows it; the other side answers with `baton agree` or `baton decline`"
        }
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
