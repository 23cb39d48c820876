//! A template: one draft at most, and published versions that never change.

use criteria::{Content, ContentHash, LEVEL, TemplateDocument};
use kernel::{Actor, Head, Timestamp};

use super::{Refused, TeamId, TemplateId};

/// A template with all its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The end of its history.
    pub head: Head,
    /// Its id.
    pub id: TemplateId,
    /// The name as a person reads it.
    pub display_name: String,
    /// The team whose leads keep it.
    pub owner_team: TeamId,
    /// When it was created.
    pub created_at: Timestamp,
    /// What is being written.
    pub draft: Option<Draft>,
    /// What was published, oldest first.
    pub published: Vec<Published>,
}

/// The version that is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its number: one more than the last published one.
    pub version: i32,
    /// What it asks for so far.
    pub content: Content,
}

/// A published version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its number.
    pub version: i32,
    /// What it asks for.
    pub content: Content,
    /// Who published it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// When it was retired.
    pub retired_at: Option<Timestamp>,
}

/// Where a version is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionState {
    /// May change.
    Draft,
    /// Never changes.
    Published,
    /// Takes no new handoffs.
    Retired,
}

/// What happened to a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// It was created.
    Created,
    /// Its draft was published.
    Published {
        /// The version.
        version: i32,
        /// What it asks for.
        content: Content,
    },
    /// A version was retired.
    Retired {
        /// The version.
        version: i32,
    },
}

impl Template {
    /// A new template with its first draft; for a lead of the owner team, or an ADMIN.
    pub fn create(
        by: &Actor,
        id: TemplateId,
        display_name: String,
        owner_team: TeamId,
        content: Content,
        now: Timestamp,
    ) -> Result<(Self, Vec<Fact>), Refused> {
        must_be_readable(&content)?;
        let display_name = if display_name.is_empty() { id.to_string() } else { display_name };
        let draft = Some(Draft { version: 1, content });
        let template =
            Self { head: Head::default(), id, display_name, owner_team, created_at: now, draft, published: vec![] };
        template.must_be_kept_by(by)?;
        Ok((template, vec![Fact::Created]))
    }

    /// Replaces the draft's content; opens the next draft where there is none. `seen` is the hash of the draft that the caller
    /// has read. Writing says nothing: facts are about what others can rely on.
    pub fn write_draft(&mut self, by: &Actor, content: Content, seen: Option<&str>) -> Result<(), Refused> {
        self.must_be_kept_by(by)?;
        self.must_be_seen(seen)?;
        must_be_readable(&content)?;
        let version = self.draft.as_ref().map_or_else(|| self.next_version(), |draft| draft.version);
        self.draft = Some(Draft { version, content });
        Ok(())
    }

    /// Publishes the draft, or says everything that is wrong with it.
    pub fn publish(&mut self, by: &Actor, seen: Option<&str>, now: Timestamp) -> Result<Vec<Fact>, Refused> {
        self.must_be_kept_by(by)?;
        self.must_be_seen(seen)?;
        let findings = self.findings();
        if !findings.is_empty() {
            return Err(Refused::Findings(findings));
        }
        let Some(Draft { version, content }) = self.draft.take() else { return Err(Refused::NoDraft(self.id.clone())) };
        let at = self.head.date(now);
        self.published.push(Published {
            version,
            content: content.clone(),
            by: by.name().to_owned(),
            at,
            retired_at: None,
        });
        Ok(vec![Fact::Published { version, content }])
    }

    /// Retires a published version; one that is retired already stays so.
    pub fn retire(&mut self, by: &Actor, version: i32, now: Timestamp) -> Result<Vec<Fact>, Refused> {
        self.must_be_kept_by(by)?;
        if self.draft.as_ref().is_some_and(|draft| draft.version == version) {
            return Err(Refused::NotPublished { template: self.id.clone(), version });
        }
        let at = self.head.date(now);
        let Some(published) = self.published.iter_mut().find(|published| published.version == version) else {
            return Err(Refused::NoVersion { template: self.id.clone(), version });
        };
        if published.retired_at.is_some() {
            return Ok(vec![]);
        }
        published.retired_at = Some(at);
        Ok(vec![Fact::Retired { version }])
    }

    /// Everything that keeps the draft from being published; empty where there is none.
    pub fn findings(&self) -> Vec<criteria::Finding> {
        let Some(draft) = &self.draft else { return vec![] };
        let mut findings = draft.content.findings();
        if let Some(last) = self.published.last() {
            findings.extend(draft.content.findings_against(&last.content));
        }
        findings
    }

    /// The newest published version that is not retired.
    pub fn latest(&self) -> Option<&Published> {
        self.published.iter().rev().find(|published| published.retired_at.is_none())
    }

    /// What a version asks for, a draft too; 0 is the latest.
    pub fn content(&self, version: i32) -> Result<&Content, Refused> {
        let content = match &self.draft {
            _ if version == 0 => self.latest().map(|latest| &latest.content),
            Some(draft) if draft.version == version => Some(&draft.content),
            _ => self.published.iter().find(|published| published.version == version).map(|it| &it.content),
        };
        content.ok_or_else(|| Refused::NoVersion { template: self.id.clone(), version })
    }

    /// A version as a document that can be imported again; 0 is the latest.
    pub fn document(&self, version: i32) -> Result<TemplateDocument, Refused> {
        Ok(TemplateDocument {
            id: self.id.as_slug().clone(),
            display_name: self.display_name.clone(),
            owner_team: Some(self.owner_team.as_slug().clone()),
            content: self.content(version)?.clone(),
        })
    }

    /// The hash of the draft.
    pub fn draft_hash(&self) -> Option<ContentHash> {
        self.draft.as_ref().map(|draft| draft.content.hash())
    }

    fn next_version(&self) -> i32 {
        self.published.last().map_or(0, |last| last.version) + 1
    }

    /// Refused for everybody but a lead of the owner team and an ADMIN.
    pub fn must_be_kept_by(&self, by: &Actor) -> Result<(), Refused> {
        if by.is_admin() || by.is_lead_of(self.owner_team.as_slug()) {
            return Ok(());
        }
        Err(Refused::NotOwner { template: self.id.clone(), owner: self.owner_team.clone() })
    }

    fn must_be_seen(&self, seen: Option<&str>) -> Result<(), Refused> {
        let current = self.draft_hash().map(|hash| hash.to_string()).unwrap_or_default();
        match seen {
            Some(seen) if seen != current => Err(Refused::DraftMoved { template: self.id.clone(), current }),
            _ => Ok(()),
        }
    }
}

/// What a later service wrote could not be read back by this one.
fn must_be_readable(content: &Content) -> Result<(), Refused> {
    match content.criteria_level {
        needed if needed > LEVEL => Err(Refused::EvaluatorTooOld { needed }),
        _ => Ok(()),
    }
}

impl Published {
    /// Where it is in its life.
    pub fn state(&self) -> VersionState {
        if self.retired_at.is_some() { VersionState::Retired } else { VersionState::Published }
    }
}

impl VersionState {
    /// The name in the store and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "DRAFT",
            Self::Published => "PUBLISHED",
            Self::Retired => "RETIRED",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kernel::{Kind, Principal, Role};

    use super::*;

    fn lead() -> Actor {
        Actor::Principal(Principal {
            name: "anna".into(),
            kind: Kind::User,
            teams: BTreeMap::from([("sales".parse().unwrap(), Role::Lead)]),
            is_admin: false,
            is_reader: false,
            is_importer: false,
        })
    }

    fn content(yaml_fields: &str) -> Content {
        criteria::TemplateDocument::from_yaml(&format!("id: t\ndisplay_name: T\nfields:\n{yaml_fields}"))
            .unwrap()
            .content
    }

    fn template(content: Content) -> Template {
        let (id, team) = ("t".parse().unwrap(), "sales".parse().unwrap());
        Template::create(&lead(), id, String::new(), team, content, Timestamp::EPOCH).unwrap().0
    }

    const GOOD: &str = "  - {key: contract, label: Contract, type: URL, required: true}\n";

    #[test]
    fn a_draft_with_findings_is_not_published_and_all_are_named() {
        let mut template = template(content(
            "  - {key: a, label: A, type: CHOICE}\n  - {key: a, label: B, type: TEXT, required_if: 'fields.nobody'}\n",
        ));
        let Err(Refused::Findings(findings)) = template.publish(&lead(), None, Timestamp::EPOCH) else {
            panic!("it was published")
        };
        assert!(findings.len() >= 3, "{findings:#?}");
        assert!(template.draft.is_some(), "the draft stays");
    }

    #[test]
    fn a_key_that_changes_its_meaning_is_refused() {
        let mut template = template(content(GOOD));
        template.publish(&lead(), None, Timestamp::EPOCH).unwrap();
        template.write_draft(&lead(), content("  - {key: contract, label: Contract, type: BOOL}\n"), None).unwrap();
        assert!(matches!(template.publish(&lead(), None, Timestamp::EPOCH), Err(Refused::Findings(_))));
    }

    #[test]
    fn the_latest_version_is_the_newest_that_is_not_retired() {
        let mut template = template(content(GOOD));
        template.publish(&lead(), None, Timestamp::EPOCH).unwrap();
        template.write_draft(&lead(), content(GOOD), None).unwrap();
        template.publish(&lead(), None, Timestamp::EPOCH).unwrap();
        assert_eq!(template.latest().map(|latest| latest.version), Some(2));
        template.retire(&lead(), 2, Timestamp::EPOCH).unwrap();
        assert_eq!(template.latest().map(|latest| latest.version), Some(1));
        assert_eq!(template.retire(&lead(), 2, Timestamp::EPOCH).unwrap(), vec![], "retiring twice is one fact");
    }

    #[test]
    fn a_draft_that_moved_is_not_overwritten() {
        let mut template = template(content(GOOD));
        let stale = "0".repeat(64);
        assert!(matches!(
            template.write_draft(&lead(), Content::default(), Some(&stale)),
            Err(Refused::DraftMoved { .. })
        ));
    }

    #[test]
    fn only_leads_of_the_owner_team_write() {
        let mut other = lead();
        if let Actor::Principal(principal) = &mut other {
            principal.teams = BTreeMap::from([("sales".parse().unwrap(), Role::Member)]);
        }
        assert!(matches!(
            template(content(GOOD)).publish(&other, None, Timestamp::EPOCH),
            Err(Refused::NotOwner { .. })
        ));
    }
}
