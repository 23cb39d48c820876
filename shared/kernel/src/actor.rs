//! Who acts: the identity that a verified token gives, or Baton itself.

use std::collections::BTreeMap;

use crate::Slug;

/// Whoever causes a change or asks a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody with a verified token.
    Principal(Principal),
    /// Baton itself: a consumer or a timer.
    System,
}

/// The identity and the rights that a token carries. Rights come from here alone, never from a stored membership list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The stable name (the token's `sub`).
    pub name: String,
    /// A person or a system.
    pub kind: Kind,
    /// The teams it acts for, each with its role there.
    pub teams: BTreeMap<Slug, Role>,
    /// May do what is reserved to administrators.
    pub is_admin: bool,
    /// A service that may read event logs and every team's templates.
    pub is_reader: bool,
    /// A service that may import history.
    pub is_importer: bool,
}

/// What kind of principal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A person.
    User,
    /// A system acting for its teams.
    Service,
}

/// A principal's role in a team; a lead may do all that a member may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Acts for the team.
    Member,
    /// Acts for the team and decides for it.
    Lead,
}

impl Actor {
    /// The name under which facts record the actor: the principal, or `system`.
    pub fn name(&self) -> &str {
        match self {
            Self::Principal(principal) => &principal.name,
            Self::System => "system",
        }
    }

    /// The role in that team; none where the actor does not belong to it.
    pub fn role_in(&self, team: &Slug) -> Option<Role> {
        match self {
            Self::Principal(principal) => principal.teams.get(team).copied(),
            Self::System => None,
        }
    }

    /// Whether the actor belongs to that team.
    pub fn is_member_of(&self, team: &Slug) -> bool {
        self.role_in(team).is_some()
    }

    /// Whether the actor leads that team.
    pub fn is_lead_of(&self, team: &Slug) -> bool {
        self.role_in(team) == Some(Role::Lead)
    }

    /// Whether the actor is an administrator.
    pub fn is_admin(&self) -> bool {
        matches!(self, Self::Principal(principal) if principal.is_admin)
    }

    /// Whether the actor is a system with a token (not a person, and not Baton itself).
    pub fn is_service(&self) -> bool {
        matches!(self, Self::Principal(principal) if principal.kind == Kind::Service)
    }

    /// Whether the actor may read event logs and every team's templates.
    pub fn is_reader(&self) -> bool {
        matches!(self, Self::Principal(principal) if principal.is_reader)
    }

    /// Whether the actor may import history.
    pub fn may_import(&self) -> bool {
        matches!(self, Self::Principal(principal) if principal.is_importer || principal.is_admin)
    }

    /// The teams the actor belongs to.
    pub fn teams(&self) -> impl Iterator<Item = &Slug> {
        match self {
            Self::Principal(principal) => Some(principal.teams.keys()),
            Self::System => None,
        }
        .into_iter()
        .flatten()
    }
}
