//! A draft's move to a newer version of its template.

use api::handoff::v1::{MigrateDraftRequest, PreviewMigrationRequest};
use clap::Args;

use super::Target;
use crate::{
    client::{Remote, request_id},
    errors::Result,
    session::Session,
    show::migration as show,
};

/// A move.
#[derive(Debug, Args)]
pub(crate) struct Migrate {
    #[command(flatten)]
    target: Target,
    /// The version to move to [default: the latest published one]
    #[arg(long = "to", value_name = "VERSION", default_value_t = 0, hide_default_value = true)]
    version: i32,
    /// Only tell what the move would do
    #[arg(long)]
    preview: bool,
}

impl Migrate {
    pub(super) async fn run(self, remote: &Remote, session: &Session) -> Result<()> {
        let at = self.target.address(remote).await?;
        let version = self.version;
        if self.preview {
            let request = PreviewMigrationRequest { handoff_id: at.handoff_id, version };
            let answer =
                remote.call(request, async |request| remote.handoffs().preview_migration(request).await).await?;
            return session.answer(&answer, show::preview);
        }
        let request = MigrateDraftRequest {
            request_id: request_id(),
            handoff_id: at.handoff_id,
            expected_revision: at.expected_revision,
            override_reason: at.override_reason,
            version,
        };
        let answer = remote.call(request, async |request| remote.handoffs().migrate_draft(request).await).await?;
        session.answer(&answer, show::done)
    }
}
