//! Who calls: channels with a bearer token, and the people of most stories.

use std::net::SocketAddr;

use dev::keys::{Claims, Issuer};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};

/// A channel that sends a token; generated clients take it.
pub type Caller = InterceptedService<Channel, Bearer>;

/// Sends a token with every call; none, where there is none.
#[derive(Clone, Debug)]
pub struct Bearer(Option<MetadataValue<Ascii>>);

impl Bearer {
    /// Sends that token.
    pub fn token(token: &str) -> Self {
        Self(Some(format!("Bearer {token}").parse().expect("a token is ASCII")))
    }

    /// Sends nothing.
    pub fn nothing() -> Self {
        Self(None)
    }

    /// A caller of the service at that address.
    pub fn calling(self, address: SocketAddr) -> Caller {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address makes a URL");
        InterceptedService::new(endpoint.connect_lazy(), self)
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.0 {
            request.metadata_mut().insert("authorization", token.clone());
        }
        Ok(request)
    }
}

/// The people of most stories: sales hands over to implementation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum People {
    /// An administrator.
    Admin,
    /// Leads sales.
    Anna,
    /// A member of sales.
    Sam,
    /// Leads implementation.
    Ivan,
    /// A member of implementation.
    Ines,
    /// A member of both.
    Bo,
    /// A member of another team.
    Otto,
    /// Leads both.
    Bella,
    /// Leads another team.
    Olga,
    /// In no team.
    Nora,
    /// A system of sales.
    Crm,
    /// A system of implementation.
    Desk,
    /// A service that reads event logs.
    Reader,
    /// A service that imports history.
    Importer,
}

impl People {
    /// What the token says.
    pub fn claims(self) -> Claims {
        match self {
            Self::Admin => Claims::user("ada").role("ADMIN"),
            Self::Anna => Claims::user("anna").lead("sales"),
            Self::Sam => Claims::user("sam").member("sales"),
            Self::Ivan => Claims::user("ivan").lead("implementation"),
            Self::Ines => Claims::user("ines").member("implementation"),
            Self::Bo => Claims::user("bo").member("sales").member("implementation"),
            Self::Otto => Claims::user("otto").member("legal"),
            Self::Bella => Claims::user("bella").lead("sales").lead("implementation"),
            Self::Olga => Claims::user("olga").lead("legal"),
            Self::Nora => Claims::user("nora"),
            Self::Crm => Claims::service("crm").member("sales"),
            Self::Desk => Claims::service("desk").member("implementation"),
            Self::Reader => Claims::service("reader").role("READER"),
            Self::Importer => Claims::service("importer").role("IMPORTER"),
        }
    }

    /// Sends the token.
    pub fn bearer(self, issuer: &Issuer) -> Bearer {
        Bearer::token(&issuer.token(&self.claims()))
    }
}
