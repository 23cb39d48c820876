//! Teams: the two ends of every route.

use kernel::{Actor, Head, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Refused, refused::violation};

kernel::slug_id! {
    /// A team's id.
    TeamId
}

kernel::slug_id! {
    /// A calendar's id. The calendar itself is another service's.
    CalendarId
}

/// A team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// Where its history stands.
    pub head: Head,
    /// Its id.
    pub id: TeamId,
    /// The name as a person reads it.
    pub display_name: String,
    /// Who belongs to it, each once, for display and notification; rights come from tokens alone.
    pub members: Vec<Member>,
    /// Whom to call when the team does not answer.
    pub escalation_contact: Option<String>,
    /// The calendar that it works by.
    pub calendar_id: Option<CalendarId>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// Somebody in a team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The principal's name.
    pub principal: String,
    /// The role.
    pub role: MemberRole,
}

kernel::named! {
    /// A member's role, for display.
    pub enum MemberRole {
        /// Acts for the team.
        Member = "MEMBER",
        /// Decides for the team.
        Lead = "LEAD",
    }
}

kernel::named! {
    /// What happened to a team.
    pub enum Fact {
        /// It was created.
        Created = "team_created",
        /// It was changed.
        Updated = "team_updated",
    }
}

/// A new team.
#[derive(Clone, Debug)]
pub struct Create {
    /// Its id.
    pub id: TeamId,
    /// Its name; the id, where there is none.
    pub display_name: Option<String>,
    /// Who belongs to it.
    pub members: Vec<Member>,
    /// Whom to call when it does not answer.
    pub escalation_contact: Option<String>,
    /// The calendar that it works by.
    pub calendar_id: Option<CalendarId>,
}

/// One change of a team.
#[derive(Clone, Debug)]
pub enum Edit {
    /// The new name.
    DisplayName(String),
    /// The new members, all of them.
    Members(Vec<Member>),
    /// The new contact.
    EscalationContact(Option<String>),
    /// The new calendar.
    CalendarId(Option<CalendarId>),
}

impl Team {
    /// An administrator creates a team. Whether the id is free is for the store to say.
    pub fn create(by: &Actor, create: Create, now: Timestamp) -> Result<(Self, Vec<Fact>), Refused> {
        if !by.is_admin() {
            return Err(Refused::AdminOnly("create a team"));
        }
        members_must_differ(&create.members)?;
        Ok((Self::new(create, now), vec![Fact::Created]))
    }

    /// A team that an imported record names and nobody has created, under the record's name for it.
    pub fn from_history(by: &Actor, id: TeamId, name: String, now: Timestamp) -> Result<(Self, Vec<Fact>), Refused> {
        if !by.may_import() {
            return Err(Refused::ImporterOnly);
        }
        let create =
            Create { id, display_name: Some(name), members: vec![], escalation_contact: None, calendar_id: None };
        Ok((Self::new(create, now), vec![Fact::Created]))
    }

    fn new(create: Create, now: Timestamp) -> Self {
        Self {
            head: Head::default(),
            display_name: create.display_name.unwrap_or_else(|| create.id.to_string()),
            id: create.id,
            members: create.members,
            escalation_contact: create.escalation_contact,
            calendar_id: create.calendar_id,
            created_at: now,
        }
    }

    /// A lead of the team, or an administrator, changes it. Edits that change nothing make no fact.
    pub fn update(&mut self, by: &Actor, edits: Vec<Edit>) -> Result<Vec<Fact>, Refused> {
        if !by.is_admin() && !by.is_lead_of(self.id.as_slug()) {
            return Err(Refused::LeadOnly { teams: vec![self.id.clone()], what: "change the team" });
        }
        let mut after = self.clone();
        for edit in edits {
            match edit {
                Edit::DisplayName(name) => after.display_name = name,
                Edit::Members(members) => after.members = members,
                Edit::EscalationContact(contact) => after.escalation_contact = contact,
                Edit::CalendarId(calendar) => after.calendar_id = calendar,
            }
        }
        members_must_differ(&after.members)?;
        if after == *self {
            return Ok(vec![]);
        }
        *self = after;
        Ok(vec![Fact::Updated])
    }
}

fn members_must_differ(members: &[Member]) -> Result<(), Refused> {
    let double = |(index, member): (usize, &Member)| {
        let first = members[..index].iter().position(|other| other.principal == member.principal)?;
        let description = format!("{} is members[{first}] already; name everybody once", member.principal);
        Some(violation(format!("members[{index}].principal"), description))
    };
    Refused::unless_valid(members.iter().enumerate().filter_map(double).collect())
}
