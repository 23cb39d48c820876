//! Requests about questions.

use api::handoff::v1 as pb;
use chassis::{Fields, Parse};

use super::{On, parts, reading::short};
use crate::domain::{
    QuestionId,
    handoff::{Ask, Reply},
    limits::TEXT_MAX_BYTES,
};

/// A call for more of an answer.
#[derive(Clone)]
pub(in crate::grpc) struct MarkInsufficient(pub(in crate::grpc) Reply);

impl Parse for On<Ask> {
    type Request = pb::AskQuestionRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let side = parts::optional_side(fields, "side", request.side);
        let text = fields.required_text("text", &request.text, TEXT_MAX_BYTES);
        let about = short(fields, "about", &request.about, criteria::limits::KEY_MAX_CHARS);
        let about = about.map(|about| (!about.is_empty()).then_some(about));
        let command = Ask { side: side?, text: text?, blocking: request.blocking, about: about? };
        Some(Self { target: target?, command })
    }
}

impl Parse for On<Reply> {
    type Request = pb::AnswerQuestionRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let command = reply(fields, &request.question_id, &request.text);
        Some(Self { target: target?, command: command? })
    }
}

impl Parse for On<MarkInsufficient> {
    type Request = pb::MarkInsufficientRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let command = reply(fields, &request.question_id, &request.text);
        Some(Self { target: target?, command: MarkInsufficient(command?) })
    }
}

impl Parse for On<QuestionId> {
    type Request = pb::CloseQuestionRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let id = fields.uuid("question_id", &request.question_id);
        Some(Self { target: target?, command: id?.into() })
    }
}

fn reply(fields: &mut Fields, id: &str, text: &str) -> Option<Reply> {
    let id = fields.uuid("question_id", id);
    let text = fields.required_text("text", text, TEXT_MAX_BYTES);
    Some(Reply { id: id?.into(), text: text? })
}
