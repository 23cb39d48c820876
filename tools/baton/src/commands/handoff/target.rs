//! Which handoff is meant, and on what condition it is changed.

use api::{
    handoff::v1::{GetHandoffRequest, Handoff, ListHandoffsRequest},
    sla::v1::Clock,
    r#type::v1::Side,
};
use clap::Args;

use crate::{
    client::Remote,
    errors::{Error, Exit, Result},
    session::Session,
    show::handoff as show,
    words::{Word as _, parse_origin},
};

/// A handoff, named.
#[derive(Debug, Clone, Args)]
pub(crate) struct Reference {
    /// The handoff: its id, or its outside record as SYSTEM/KEY
    #[arg(value_name = "HANDOFF")]
    name: String,
}

/// A handoff that is to be changed.
#[derive(Debug, Args)]
pub(crate) struct Target {
    #[command(flatten)]
    pub(super) handoff: Reference,
    /// Only if the handoff still has this revision
    #[arg(long, value_name = "REVISION", default_value_t = 0, hide_default_value = true)]
    pub(super) expected_revision: i64,
    /// Why an ADMIN who is in neither team acts for this side
    #[arg(long, value_name = "REASON", default_value = "", hide_default_value = true)]
    pub(super) override_reason: String,
}

/// A handoff that either side may change in this way.
#[derive(Debug, Args)]
pub(crate) struct Acting {
    #[command(flatten)]
    target: Target,
    /// For whom you act, where you are in both teams, or an ADMIN in neither: upstream or downstream
    #[arg(long, value_parser = Side::parse)]
    side: Option<Side>,
}

/// What every change of a handoff carries.
#[derive(Debug)]
pub(crate) struct Addressed {
    /// The handoff.
    pub(crate) handoff_id: String,
    /// The revision that the caller has seen; 0 does not check.
    pub(crate) expected_revision: i64,
    /// Why an ADMIN acts.
    pub(crate) override_reason: String,
}

impl From<String> for Reference {
    fn from(name: String) -> Self {
        Self { name }
    }
}

impl Reference {
    /// The id; that of an outside record is looked up.
    pub(crate) async fn id(&self, remote: &Remote) -> Result<String> {
        if !self.name.contains('/') {
            return Ok(self.name.clone());
        }
        let origin = parse_origin(&self.name).map_err(|problem| Error::usage(problem, "or name the handoff's id"))?;
        let request = ListHandoffsRequest { origin: Some(origin), page_size: 1, ..ListHandoffsRequest::default() };
        let page = remote.call(request, async |request| remote.handoffs().list_handoffs(request).await).await?;
        page.handoffs.into_iter().next().map(|line| line.id).ok_or_else(|| Error::Stated {
            exit: Exit::NotFound,
            what: format!("no handoff was made for {}, or none that you may see", self.name),
            remedy: "look with `baton handoff list`".to_owned(),
        })
    }

    /// The id, where another service is asked: the handoff service is not called, but for an outside record.
    pub(crate) async fn known_id(&self, session: &Session) -> Result<String> {
        if self.name.contains('/') { self.id(&session.handoff()?).await } else { Ok(self.name.clone()) }
    }

    /// The handoff as it stands.
    pub(crate) async fn get(&self, remote: &Remote) -> Result<Handoff> {
        get(self.id(remote).await?, remote).await
    }
}

impl Target {
    /// Which handoff.
    pub(crate) async fn address(self, remote: &Remote) -> Result<Addressed> {
        let handoff_id = self.handoff.id(remote).await?;
        Ok(self.at(handoff_id))
    }

    /// Which handoff, and how it stands.
    pub(crate) async fn look(self, remote: &Remote) -> Result<(Handoff, Addressed)> {
        let handoff = self.handoff.get(remote).await?;
        let addressed = self.at(handoff.id.clone());
        Ok((handoff, addressed))
    }

    fn at(self, handoff_id: String) -> Addressed {
        Addressed { handoff_id, expected_revision: self.expected_revision, override_reason: self.override_reason }
    }
}

impl Acting {
    /// Which handoff, and for which side.
    pub(crate) async fn address(self, remote: &Remote) -> Result<(Addressed, i32)> {
        Ok((self.target.address(remote).await?, self.side.unwrap_or_default().into()))
    }

    /// Which handoff, for which side, and how it stands.
    pub(crate) async fn look(self, remote: &Remote) -> Result<(Handoff, Addressed, i32)> {
        let (handoff, addressed) = self.target.look(remote).await?;
        Ok((handoff, addressed, self.side.unwrap_or_default().into()))
    }
}

/// The handoff of this id as it stands.
pub(crate) async fn get(handoff_id: String, remote: &Remote) -> Result<Handoff> {
    Ok(whole(handoff_id, remote).await?.0)
}

/// The handoff of this id as it stands, and its clocks.
pub(super) async fn whole(handoff_id: String, remote: &Remote) -> Result<(Handoff, Vec<Clock>)> {
    let request = GetHandoffRequest { handoff_id };
    let answer = remote.call(request, async |request| remote.handoffs().get_handoff(request).await).await?;
    let handoff = answer.handoff.ok_or_else(|| Error::unexpected("the handoff service answered without a handoff"))?;
    Ok((handoff, answer.clocks))
}

/// Prints what a command made of a handoff.
pub(crate) fn tell<M: prost::Message + prost::Name>(
    done: &str,
    answer: &M,
    handoff: Option<&Handoff>,
    session: &Session,
) -> Result<()> {
    session.answer(answer, |_, screen| show::outcome(done, &handoff.cloned().unwrap_or_default(), screen))
}
