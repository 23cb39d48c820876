//! `baton question`.

use api::handoff::v1::{
    AnswerQuestionRequest, AskQuestionRequest, CloseQuestionRequest, Handoff, MarkInsufficientRequest, Question,
    QuestionState,
};
use clap::{Args, Subcommand};

use super::{
    handoff::{Acting, Addressed, Reference, Target},
    order::order,
};
use crate::{
    client::Remote,
    errors::Result,
    numbered,
    output::{print, print_json},
    session::Session,
    show::question as show,
};

/// What can be done with the questions of a handoff.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Ask the other side
    #[command(
        after_help = "Examples:\n  baton --as ivan question ask crm/D-1042 'Who signs for the customer?'\n  baton --as ivan question ask crm/D-1042 'Which day in May?' --blocking --about timeline"
    )]
    Ask(Ask),
    /// Answer what your side was asked
    #[command(after_help = "Example:\n  baton --as anna question answer crm/D-1042 q1 'Kim Park, their CTO'")]
    Answer(Say),
    /// The answer is not enough: say what is missing, and the next round opens
    #[command(
        after_help = "Example:\n  baton --as ivan question insufficient crm/D-1042 q1 'And the telephone number?'"
    )]
    Insufficient(Say),
    /// Close a question of your side, answered or not
    #[command(after_help = "Example:\n  baton --as ivan question close crm/D-1042 q1")]
    Close {
        #[command(flatten)]
        target: Target,
        /// The question: its number, as q1, or its id
        question: String,
    },
    /// The questions of a handoff with all their rounds
    #[command(after_help = "Example:\n  baton question list crm/D-1042 --open")]
    List {
        #[command(flatten)]
        handoff: Reference,
        /// Only those that wait for an answer
        #[arg(long)]
        open: bool,
    },
}

/// A new question.
#[derive(Debug, Args)]
pub(crate) struct Ask {
    #[command(flatten)]
    acting: Acting,
    /// What you ask
    text: String,
    /// Your side cannot go on without the answer; one of downstream bars the acceptance
    #[arg(long)]
    blocking: bool,
    /// The criterion or field that it is about
    #[arg(long, value_name = "KEY", default_value = "", hide_default_value = true)]
    about: String,
}

/// Words to a question.
#[derive(Debug, Args)]
pub(crate) struct Say {
    #[command(flatten)]
    target: Target,
    /// The question: its number, as q1, or its id
    question: String,
    /// What you say
    text: String,
}

/// Does it.
pub(crate) async fn run(command: Command, session: &Session) -> Result<()> {
    let remote = &session.handoff()?;
    match command {
        Command::Ask(Ask { acting, text, blocking, about }) => {
            let (at, side) = acting.address(remote).await?;
            order!("Asked", ask_question, AskQuestionRequest { side, text, blocking, about }, at, remote, session)
        }
        Command::Answer(say) => {
            let (at, question_id, text) = say.resolve(remote).await?;
            order!("Answered", answer_question, AnswerQuestionRequest { question_id, text }, at, remote, session)
        }
        Command::Insufficient(say) => {
            let (at, question_id, text) = say.resolve(remote).await?;
            let done = "Called insufficient";
            order!(done, mark_insufficient, MarkInsufficientRequest { question_id, text }, at, remote, session)
        }
        Command::Close { target, question } => {
            let (at, question_id) = resolve(target, &question, remote).await?;
            order!("Closed", close_question, CloseQuestionRequest { question_id }, at, remote, session)
        }
        Command::List { handoff, open } => {
            let handoff = handoff.get(remote).await?;
            let is_shown = |question: &Question| !open || question.state() == QuestionState::Open;
            if session.is_json() {
                let shown: Vec<_> = handoff.questions.iter().filter(|it| is_shown(it)).map(api::to_json).collect();
                return print_json(&shown);
            }
            let text = show::list(&handoff, is_shown, session.screen());
            print(if text.is_empty() { "none" } else { &text })
        }
    }
}

impl Say {
    async fn resolve(self, remote: &Remote) -> Result<(Addressed, String, String)> {
        let (at, question_id) = resolve(self.target, &self.question, remote).await?;
        Ok((at, question_id, self.text))
    }
}

async fn resolve(target: Target, question: &str, remote: &Remote) -> Result<(Addressed, String)> {
    let (Handoff { questions, .. }, at) = target.look(remote).await?;
    Ok((at, numbered::find(&questions, question)?.id.clone()))
}
