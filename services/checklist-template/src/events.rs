//! The public form of this service's facts.

use api::checklist::v1 as pb;
use chassis::{Aggregate, Author, Event};
use kernel::Head;
use prost::Message;

use crate::domain::{Fact, Template};

impl Aggregate for Template {
    type Fact = Fact;

    fn name(&self) -> String {
        format!("template/{}", self.id)
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn event(&self, fact: &Fact, author: Author<'_>) -> Event {
        use pb::template_event::Kind;
        let (name, kind) = match fact {
            Fact::Created => (
                "template_created",
                Kind::TemplateCreated(pb::TemplateCreated { display_name: self.display_name.clone() }),
            ),
            Fact::Published { version, content } => (
                "version_published",
                Kind::VersionPublished(pb::VersionPublished {
                    version: *version,
                    content_hash: content.hash().to_string(),
                    criteria_level: content.criteria_level,
                    criteria: content.criterion_keys().map(str::to_owned).collect(),
                }),
            ),
            Fact::Retired { version } => {
                ("version_retired", Kind::VersionRetired(pb::VersionRetired { version: *version }))
            }
        };
        let event = pb::TemplateEvent {
            template_id: self.id.to_string(),
            owner_team: self.owner_team.to_string(),
            actor: author.name.to_owned(),
            kind: Some(kind),
        };
        Event { name, routing: format!("{}._", self.owner_team), payload: event.encode_to_vec(), withheld: None }
    }
}
