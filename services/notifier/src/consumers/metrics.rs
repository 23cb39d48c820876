//! What the metrics service says.

use api::metrics::v1::{self as pb, metrics_event::Kind};
use kernel::{Error, Result};
use prost::Message;

use super::{Frame, News, name};
use crate::domain::notice::Opens;

pub(super) fn read(frame: &Frame<'_>) -> Result<News> {
    let event = pb::MetricsEvent::decode(&frame.message.payload[..]).map_err(Error::fault)?;
    let notice = match event.kind {
        None => return Ok(News::Nothing),
        Some(Kind::SurveyInvited(it)) => {
            let invitation = it.invitation.unwrap_or_default();
            // Which handoff it is about may be for nobody else to know.
            let mut notice = frame.notice(None, "How did a handoff of yours go? Nobody sees who answered what");
            notice.to_name = name(&invitation.person);
            // Who holds the token of the link answers for the person.
            notice.is_private = true;
            notice.opens = Opens::Survey(invitation.link_token);
            notice
        }
        Some(Kind::RouteReviewDue(it)) => {
            let mut notice = frame.notice(None, &format!("{}: the route is to be reviewed", it.route_id));
            notice.to_name = name(&it.owner);
            notice
        }
        Some(Kind::SurveyAnswered(it)) => frame.notice(None, &format!("{}: a survey is answered", it.route_id)),
        Some(Kind::SuggestionRaised(it)) => {
            let suggestion = it.suggestion.unwrap_or_default();
            frame.notice(None, &format!("{}: {} {}", suggestion.route_id, suggestion.finding, suggestion.proposal))
        }
        Some(Kind::ImprovementRecorded(it)) => {
            let improvement = it.improvement.unwrap_or_default();
            frame.notice(
                name(&improvement.recorded_by),
                &format!("{}: an improvement is recorded", improvement.route_id),
            )
        }
        Some(Kind::ImprovementReviewDue(it)) => {
            let improvement = it.improvement.unwrap_or_default();
            let mut notice = frame
                .notice(None, &format!("{}: did what was changed help? It is to be looked at", improvement.route_id));
            notice.to_name = name(&improvement.recorded_by);
            notice
        }
    };
    Ok(News::Notice(Box::new(notice)))
}
