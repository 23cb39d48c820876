//! Why which target applies.

use super::{Circumstances, Kind, Policy};

/// Which target applies to one kind of clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The kind.
    pub kind: Kind,
    /// The target, from 1 on; none: there is no such clock.
    pub target: Option<i32>,
    /// Every condition that was looked at, in order; the last one holds, where one does.
    pub steps: Vec<Step>,
}

/// A condition that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The target, from 1 on.
    pub target: i32,
    /// The condition in it, from 1 on; 0 for a target without any.
    pub condition: i32,
    /// Whether it holds.
    pub holds: bool,
    /// Why, or why not.
    pub why: String,
}

impl Policy {
    /// Looks at the conditions of a kind as [`target`](Policy::target) does, and says what it saw.
    pub fn explain(&self, kind: Kind, circumstances: &Circumstances<'_>) -> Explanation {
        let mut steps = vec![];
        for (target, it) in (1..).zip(&self.targets).filter(|(_, target)| target.kind == kind) {
            if it.when.is_empty() {
                steps.push(Step { target, condition: 0, holds: true, why: "it has no condition".to_owned() });
                return Explanation { kind, target: Some(target), steps };
            }
            for (condition, when) in (1..).zip(&it.when) {
                let missed = when.misses(circumstances);
                let holds = missed.is_none();
                let why = missed.unwrap_or_else(|| "all that it asks for is so".to_owned());
                steps.push(Step { target, condition, holds, why });
                if holds {
                    return Explanation { kind, target: Some(target), steps };
                }
            }
        }
        Explanation { kind, target: None, steps }
    }
}
