//! What a side puts beside a handoff: words, links, documents; and who may see it all.

use api::{
    handoff::v1::{
        AddAttachmentRequest, AddCommentRequest, AddLinkRequest, Link, RemoveLinkRequest, SetConfidentialRequest,
    },
    r#type::v1::Attachment,
};
use clap::Args;

use super::Acting;
use crate::{
    client::Remote,
    commands::order::order,
    errors::Result,
    session::Session,
    words::{parse_attachment, parse_link},
};

/// Words.
#[derive(Debug, Args)]
pub(crate) struct Comment {
    #[command(flatten)]
    acting: Acting,
    /// What you say
    text: String,
}

/// A link more.
#[derive(Debug, Args)]
pub(crate) struct AddLink {
    #[command(flatten)]
    acting: Acting,
    /// The outside record, and where a person opens it
    #[arg(value_name = "SYSTEM/TYPE/KEY[|URL]", value_parser = parse_link)]
    link: Link,
}

/// A link less.
#[derive(Debug, Args)]
pub(crate) struct RemoveLink {
    #[command(flatten)]
    acting: Acting,
    /// The outside record
    #[arg(value_name = "SYSTEM/TYPE/KEY", value_parser = parse_link)]
    link: Link,
}

/// A document more.
#[derive(Debug, Args)]
pub(crate) struct Attach {
    #[command(flatten)]
    acting: Acting,
    /// The document; Baton keeps the reference, not the file
    #[arg(value_name = "NAME|URL", value_parser = parse_attachment)]
    attachment: Attachment,
    /// Its media type, as application/pdf
    #[arg(long, value_name = "TYPE", default_value = "", hide_default_value = true)]
    media_type: String,
    /// Its size in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 0, hide_default_value = true)]
    size: i64,
    /// SHA-256 of its bytes, 64 hex digits
    #[arg(long, value_name = "HEX", default_value = "", hide_default_value = true)]
    sha256: String,
}

/// Who may see it.
#[derive(Debug, Args)]
pub(crate) struct Confidential {
    #[command(flatten)]
    acting: Acting,
    /// Let everybody see it again
    #[arg(long)]
    off: bool,
}

impl Comment {
    pub(super) async fn run(self, remote: &Remote, session: &Session) -> Result<()> {
        let (at, side) = self.acting.address(remote).await?;
        order!("Said", add_comment, AddCommentRequest { side, text: self.text }, at, remote, session)
    }
}

impl AddLink {
    pub(super) async fn run(self, remote: &Remote, session: &Session) -> Result<()> {
        let (at, side) = self.acting.address(remote).await?;
        order!("Linked", add_link, AddLinkRequest { side, link: Some(self.link) }, at, remote, session)
    }
}

impl RemoveLink {
    pub(super) async fn run(self, remote: &Remote, session: &Session) -> Result<()> {
        let (at, side) = self.acting.address(remote).await?;
        let Link { system, r#type, key, .. } = self.link;
        order!("Unlinked", remove_link, RemoveLinkRequest { side, system, r#type, key }, at, remote, session)
    }
}

impl Attach {
    pub(super) async fn run(self, remote: &Remote, session: &Session) -> Result<()> {
        let (at, side) = self.acting.address(remote).await?;
        let (media_type, size_bytes, sha256) = (self.media_type, self.size, self.sha256);
        let attachment = Some(Attachment { media_type, size_bytes, sha256, ..self.attachment });
        order!("Attached", add_attachment, AddAttachmentRequest { side, attachment }, at, remote, session)
    }
}

impl Confidential {
    pub(super) async fn run(self, remote: &Remote, session: &Session) -> Result<()> {
        let (at, side) = self.acting.address(remote).await?;
        let confidential = !self.off;
        let done = if confidential { "Confidential" } else { "Confidential no more" };
        order!(done, set_confidential, SetConfidentialRequest { side, confidential }, at, remote, session)
    }
}
