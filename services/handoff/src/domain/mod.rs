//! What teams, routes and handoffs are, what may happen to them, and why not: pure, synchronous, `now` is an argument.
//!
//! Every command reads alike: guards first, then the facts that it makes, then `apply`, which alone changes the state.
//! A command that answers no facts found it already so. A refused command changes nothing. The end of an aggregate's
//! history ([`kernel::Head`]) is read here and raised by whoever writes the facts down.

pub mod acting;
pub mod action;
pub mod attempt;
pub mod clock;
pub mod comment;
pub mod handoff;
pub mod history;
pub mod limits;
pub mod map;
pub mod outside;
pub mod proposal;
pub mod question;
pub mod reason;
pub mod refused;
pub mod review;
pub mod route;
pub mod side;
pub mod signed;
pub mod state;
pub mod summary;
pub mod team;
pub mod template;
pub mod workflow;

#[cfg(test)]
mod tests;

pub use acting::{Acting, Expected, Happened};
pub use action::{Action, ActionId, NewAction};
pub use attempt::{Attempt, Decision};
pub use comment::CommentId;
pub use handoff::{Fact, Handoff, HandoffId};
pub use outside::{Link, Origin};
pub use proposal::{Proposal, ProposalId};
pub use question::{Question, QuestionId};
pub use reason::Reason;
pub use refused::Refused;
pub use review::{Review, ReviewId};
pub use route::{Route, RouteId};
pub use side::Side;
pub use signed::Signed;
pub use state::{Command, State};
pub use summary::{Priority, Summary};
pub use team::{Team, TeamId};
pub use template::{Pin, TemplateId};
pub use workflow::{Workflow, WorkflowId};
