//! The story that `cargo dev demo` tells; one that comes out otherwise than told fails.

mod act;
mod clocks;
mod facts;
mod figures;
mod history;
mod layout;
mod notices;
mod questions;
mod sales;
mod teller;
mod watcher;

use std::path::Path;
use std::time::Instant;

use dev::Result;

use crate::project::Project;
use crate::stack::Stack;
use teller::Teller;

/// Tells it on a running system without data; `history` names records of past handoffs.
pub(crate) fn run(project: &Project, stack: &Stack, history: Option<&Path>) -> Result<()> {
    let started = Instant::now();
    let mut teller = Teller::new(project, stack);
    let revision = sales::tell(&mut teller)?;
    facts::tell(&mut teller, revision)?;
    clocks::tell(&mut teller)?;
    notices::tell(&mut teller, stack.mail())?;
    figures::tell(&mut teller)?;
    if let Some(file) = history {
        let decided = history::tell(&mut teller, file)?;
        figures::worst_routes(&mut teller, decided)?;
    }
    teller.end(started.elapsed())
}
