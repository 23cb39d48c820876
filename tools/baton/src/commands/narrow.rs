//! What narrows a list of handoffs, whichever command shows it.

use api::{
    handoff::v1::{HandoffState, ListHandoffsRequest, Origin, OutsideRecord, Priority},
    r#type::v1::Side,
};
use clap::Args;
use prost_types::Timestamp;

use crate::words::{Word as _, parse_origin, parse_time};

/// Filters; all that are given hold together.
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
#[derive(Debug, Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct Narrow {
    /// Words in the title, the summary, the fields, the origin or the links; of the last its beginning is enough
    #[arg(long, value_name = "WORDS", default_value = "", hide_default_value = true)]
    text: String,
    /// Only those that this person speaks for, on --side or on either
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    owner: String,
    /// Only those in this state; again for each
    #[arg(long = "state", value_name = "STATE", value_parser = HandoffState::parse)]
    states: Vec<HandoffState>,
    /// Only those where it is this side's turn
    #[arg(long, value_name = "SIDE", value_parser = Side::parse)]
    waiting_on: Option<Side>,
    /// Only those of this priority; again for each
    #[arg(long = "priority", value_name = "PRIORITY", value_parser = Priority::parse)]
    priorities: Vec<Priority>,
    /// Only those on this route
    #[arg(long, default_value = "", hide_default_value = true)]
    route: String,
    /// Only the one made for this outside record; for any of the system, where it is named alone
    #[arg(long, value_name = "SYSTEM[/KEY]", value_parser = parse_system_or_origin)]
    origin: Option<Origin>,
    /// Only those linked to this outside record
    #[arg(long, value_name = "SYSTEM/KEY", value_parser = parse_origin)]
    link: Option<Origin>,
    /// Only those that follow this handoff
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    follows: String,
    /// Only those on hold
    #[arg(long, conflicts_with = "not_on_hold")]
    on_hold: bool,
    /// Only those not on hold
    #[arg(long)]
    not_on_hold: bool,
    /// Only confidential ones, of those that you may see
    #[arg(long)]
    confidential: bool,
    /// Only those created then or later
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    created_after: Option<Timestamp>,
    /// Only those created earlier
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    created_before: Option<Timestamp>,
    /// Only those that have changed then or later
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    updated_after: Option<Timestamp>,
    /// Only those untouched since then
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    updated_before: Option<Timestamp>,
    /// Only those promised for before then
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    promised_before: Option<Timestamp>,
    /// Only those with a clock due before then: of the inbox's team or of --side, or of either side
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    due_before: Option<Timestamp>,
    /// Only those with a clock that is open and late
    #[arg(long, conflicts_with = "not_breached")]
    breached: bool,
    /// Only those without one
    #[arg(long)]
    not_breached: bool,
}

impl Narrow {
    /// The request for what they leave.
    pub(crate) fn request(self) -> ListHandoffsRequest {
        ListHandoffsRequest {
            text: self.text,
            owner: self.owner,
            states: self.states.into_iter().map(i32::from).collect(),
            waiting_on: self.waiting_on.unwrap_or_default().into(),
            priorities: self.priorities.into_iter().map(i32::from).collect(),
            route_id: self.route,
            origin: self.origin,
            link: self.link.map(|Origin { system, key }| OutsideRecord { system, key }),
            follows: self.follows,
            on_hold: (self.on_hold || self.not_on_hold).then_some(self.on_hold),
            confidential: self.confidential.then_some(true),
            created_after: self.created_after,
            created_before: self.created_before,
            updated_after: self.updated_after,
            updated_before: self.updated_before,
            deliver_by_before: self.promised_before,
            due_before: self.due_before,
            breached: (self.breached || self.not_breached).then_some(self.breached),
            ..ListHandoffsRequest::default()
        }
    }
}

fn parse_system_or_origin(text: &str) -> Result<Origin, String> {
    if text.is_empty() || text.contains('/') {
        return parse_origin(text);
    }
    Ok(Origin { system: text.to_owned(), key: String::new() })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        narrow: Narrow,
    }

    fn request(line: &str) -> ListHandoffsRequest {
        let words = std::iter::once("list").chain(line.split_whitespace());
        Line::try_parse_from(words).expect("the line is one").narrow.request()
    }

    #[test]
    fn every_filter_goes_into_the_request() {
        let all = request(
            "--text acme --owner sam --state draft --state in-progress --waiting-on upstream --priority high --route r \
             --origin crm --link erp/A/7 --follows f --on-hold --confidential --created-after 2026-11-01 \
             --created-before 2026-11-02 --updated-after 2026-11-03 --updated-before 2026-11-04 --promised-before 2026-11-05 \
             --due-before 2026-11-06 --breached",
        );
        let day = |day: u8| parse_time(&format!("2026-11-{day:02}")).ok();
        let expected = ListHandoffsRequest {
            text: "acme".into(),
            owner: "sam".into(),
            states: vec![HandoffState::Draft.into(), HandoffState::InProgress.into()],
            waiting_on: Side::Upstream.into(),
            priorities: vec![Priority::High.into()],
            route_id: "r".into(),
            origin: Some(Origin { system: "crm".into(), key: String::new() }),
            link: Some(OutsideRecord { system: "erp".into(), key: "A/7".into() }),
            follows: "f".into(),
            on_hold: Some(true),
            confidential: Some(true),
            created_after: day(1),
            created_before: day(2),
            updated_after: day(3),
            updated_before: day(4),
            deliver_by_before: day(5),
            due_before: day(6),
            breached: Some(true),
            ..ListHandoffsRequest::default()
        };
        assert_eq!(all, expected);
    }

    #[test]
    fn what_is_not_given_narrows_nothing() {
        assert_eq!(request(""), ListHandoffsRequest::default());
        assert_eq!(request("--not-on-hold").on_hold, Some(false));
        assert_eq!(request("--not-breached").breached, Some(false));
        assert!(Line::try_parse_from(["list", "--on-hold", "--not-on-hold"]).is_err());
    }
}
