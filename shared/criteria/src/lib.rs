//! What a handoff must meet before it may cross: the content of a template version, and the pure judgement of a submission.
//!
//! [`Content`] is data: fields, items and rules, as written in YAML and stored as JSON. [`Content::findings`] says all that
//! is wrong with it, at once. [`Criteria`] is a content made ready; [`Criteria::evaluate`] judges a [`Submission`] and
//! answers for every criterion. Nothing here reads a clock, a network or a store: the same content and submission give
//! the same answer wherever they are judged.
//!
//! # What counts as a criterion
//! Every field, every upstream item and every rule, in this order, each under its key. A field that is neither required
//! nor given is `NOT_APPLICABLE`; one that is given must fit its type and constraints even where it is optional: whoever
//! fills in a field wants it right, and the receiver will rely on it.
//!
//! # When an expression can be judged
//! Expressions see only what is *known*: fields that are visible, given, and of their type. A field that an expression
//! tests with `has(fields.x)` or `"x" in fields` may be absent; every other field that it names is *needed*.
//!
//! | a needed field is | `visible_if` | `required_if` | rule |
//! |---|---|---|---|
//! | hidden, or optional and empty | false: hidden | false: not required | `NOT_APPLICABLE` |
//! | required and empty | false: hidden | false: not required | unmet: it waits for that field |
//! | not of its type | true: visible | true: required | unmet, says so |
//! | known, but evaluation fails | true: visible | true: required | unmet, says so |
//!
//! The last two rows never let a failure open the gate. Visibility is settled field by field, a condition after the
//! fields it names; a condition that would depend on itself is a finding. A hidden field keeps its value.
//!
//! # How values look in an expression (part of [`LEVEL`] 1)
//! | type | in CEL |
//! |---|---|
//! | `TEXT` `LONG_TEXT` `CHOICE` `URL` `EMAIL` `PERSON` | `string` |
//! | `INTEGER` | `int` |
//! | `DECIMAL` | `double` (compares with `int`: `fields.discount > 10`) |
//! | `MONEY` | map: `amount` (`double`), `currency` (`string`) |
//! | `BOOL` | `bool` |
//! | `DATE` | `timestamp` at midnight UTC |
//! | `TIMESTAMP` | `timestamp` |
//! | `MULTI_CHOICE` | `list` of `string` |
//! | `EXTERNAL_RECORD` | map: `system`, `type`, `key`, `url` (`""` where there is none) |
//! | `ATTACHMENT` | map: `name`, `url`, `media_type`, `size_bytes` (`int`), `sha256` (`""` or `0` where unknown) |
//!
//! Beside `fields` there are `priority` (`string`), `attempt` (`int`), `first_time_pair` and `confidential` (`bool`).
//! The functions are CEL's own, less what has no bound (see `expression`).

mod admit;
mod change;
mod content;
mod criteria;
mod decimal;
mod document;
mod evaluation;
mod expression;
mod filter;
mod findings;
mod hash;
mod judge;
pub mod limits;
mod migration;
mod pattern;
mod review;
mod submission;
mod value;

pub use admit::{Misfit, MisfitCode};
pub use change::{Change, ChangeClass, ChangeKind, diff};
pub use content::{
    Category, Constraints, Content, ContentError, Evidence, Field, FieldType, Item, Rule, Severity, Side, is_key,
};
pub use criteria::{CompileError, Criteria};
pub use document::{TemplateDocument, YamlError};
pub use evaluation::{CriterionKind, CriterionResult, Evaluation, Outcome};
pub use expression::BadExpression;
pub use filter::Filter;
pub use findings::{Finding, FindingCode};
pub use hash::{BadContentHash, ContentHash};
pub use migration::{Flag, Migration, migrate};
pub use review::{ReviewDecision, ReviewRule};
pub use submission::{Circumstances, Submission, Tick, TickState};
pub use value::{Attachment, Money, Record, Value};

/// The newest level of types, functions and meanings that this library judges. A content carries the level it needs;
/// a library below it refuses with [`CompileError::EvaluatorTooOld`]. Raised with any new meaning, a CEL upgrade included.
pub const LEVEL: u32 = 1;
