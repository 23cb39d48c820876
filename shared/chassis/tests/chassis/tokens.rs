//! Who is let in, who is not, and why not.

use api::handoff::v1::{GetTeamRequest, directory_service_client::DirectoryServiceClient};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use testkit::{Bearer, Claims, Issuer, People, Served, Setting, eventually, refusal};
use tonic::{Code, Request, Status, metadata::MetadataValue};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_reflection::pb::{v1, v1alpha};

use crate::probe::{Config, Probe};

/// The code and the reason that a call with that token is answered with.
pub(crate) async fn told(served: &Served, bearer: Bearer) -> (Code, String) {
    let mut client = DirectoryServiceClient::new(served.caller_with(bearer));
    match client.get_team(GetTeamRequest { team_id: "counter".into() }).await {
        Ok(_) => (Code::Ok, String::new()),
        Err(status) => (status.code(), refusal(&status).reason),
    }
}

#[tokio::test]
async fn a_bad_token_is_refused_with_its_reason() {
    let served = Served::start::<Probe>(Config::default()).await;
    let issuer = served.setting.issuer();
    let good = People::Anna.claims();
    let with = |change: fn(&mut Claims)| {
        let mut claims = good.clone();
        change(&mut claims);
        Bearer::token(&issuer.token(&claims))
    };
    let signed = issuer.token(&good);
    let (unsigned_part, _) = signed.rsplit_once('.').unwrap();
    let cases = [
        ("none", Bearer::nothing(), "NO_TOKEN"),
        ("no token at all", Bearer::token("a b c"), "BAD_TOKEN"),
        ("no signature", Bearer::token(unsigned_part), "BAD_TOKEN"),
        ("an empty signature", Bearer::token(&format!("{unsigned_part}.")), "BAD_TOKEN"),
        ("alg none", Bearer::token(&issuer.unsigned(&good)), "BAD_TOKEN"),
        ("the public key as a shared secret", Bearer::token(&by_shared_secret(issuer, &good)), "BAD_TOKEN"),
        ("forged", Bearer::token(&issuer.forger().token(&good)), "BAD_TOKEN"),
        ("of a key that nobody knows", Bearer::token(&Issuer::generate().token(&good)), "UNKNOWN_KEY"),
        ("expired", Bearer::token(&issuer.token(&good.clone().expired())), "TOKEN_EXPIRED"),
        ("not yet valid", with(|it| it.nbf += 3600), "TOKEN_NOT_YET_VALID"),
        ("for another audience", with(|it| it.aud = "others".into()), "BAD_TOKEN"),
        ("from another issuer", with(|it| it.iss = "others".into()), "BAD_TOKEN"),
        ("of an unknown kind", with(|it| it.kind = "robot".into()), "BAD_TOKEN"),
        ("with a team that is no slug", with(|it| drop(it.teams.insert("No Slug".into(), "LEAD".into()))), "BAD_TOKEN"),
    ];
    for (case, bearer, reason) in cases {
        assert_eq!(told(&served, bearer).await, (Code::Unauthenticated, reason.to_owned()), "{case}");
    }
    assert_eq!(told(&served, People::Anna.bearer(issuer)).await.0, Code::Ok);
    assert_eq!(told(&served, with(|it| it.exp = u64::MAX)).await.0, Code::Ok, "valid for ever is valid");
}

#[tokio::test]
async fn another_scheme_is_no_token() {
    let served = Served::start::<Probe>(Config::default()).await;
    let mut client = DirectoryServiceClient::new(served.caller_with(Bearer::nothing()));
    let mut request = Request::new(GetTeamRequest { team_id: "counter".into() });
    request.metadata_mut().insert("authorization", MetadataValue::from_static("Basic YTpi"));
    let refused = refusal(&client.get_team(request).await.unwrap_err());
    assert_eq!((refused.code, refused.reason.as_str()), (Code::Unauthenticated, "NO_TOKEN"));
}

/// The old trick: the issuer's public key, which everybody has, taken for the secret of a symmetric algorithm.
fn by_shared_secret(issuer: &Issuer, claims: &Claims) -> String {
    let keys: serde_json::Value = serde_json::from_str(&issuer.jwks()).expect("a key set");
    let text = |name: &str| keys["keys"][0][name].as_str().expect("a text").to_owned();
    let header = Header { kid: Some(text("kid")), ..Header::new(Algorithm::HS256) };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(text("x").as_bytes())).expect("a token")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_the_issuer_adds_is_found_without_a_restart_and_kept_through_an_outage() {
    let setting = Setting::new::<Probe>().await;
    let folder = tempfile::tempdir().unwrap();
    let jwks_file = folder.path().join("jwks.json");
    let publish = |keys: &str| {
        // As an issuer does: never half a file.
        std::fs::write(jwks_file.with_extension("new"), keys).unwrap();
        std::fs::rename(jwks_file.with_extension("new"), &jwks_file).unwrap();
    };
    let (old, new) = (Issuer::generate(), Issuer::generate());
    publish(&old.jwks());
    let mut config = setting.config::<Probe>(Config::default());
    config.auth.jwks_file.clone_from(&jwks_file);
    let served = setting.serve_as::<Probe>(config).await;
    assert_eq!(told(&served, People::Anna.bearer(&old)).await.0, Code::Ok);
    assert_eq!(told(&served, People::Anna.bearer(&new)).await.1, "UNKNOWN_KEY");

    publish(&new.jwks());
    let newcomer = async || (told(&served, People::Anna.bearer(&new)).await.0 == Code::Ok).then_some(());
    eventually("the new key is found", newcomer).await;
    assert_eq!(told(&served, People::Ivan.bearer(&old)).await.1, "UNKNOWN_KEY", "the old key is forgotten");

    publish("{ half a fi");
    eventually("the file is read again", async || {
        let unknown = told(&served, People::Anna.bearer(&Issuer::generate())).await.1;
        (unknown == "UNKNOWN_KEY").then_some(())
    })
    .await;
    assert_eq!(told(&served, People::Ivan.bearer(&new)).await.0, Code::Ok, "the last good keys are kept");
}

#[tokio::test]
async fn health_needs_no_token_and_knows_every_service() {
    let served = Served::start::<Probe>(Config::default()).await;
    let mut health = HealthClient::new(served.caller_with(Bearer::nothing()));
    for service in ["", "baton.handoff.v1.DirectoryService", "baton.event.v1.EventLogService"] {
        let answer = health.check(HealthCheckRequest { service: service.into() }).await.unwrap().into_inner();
        assert_eq!(answer.status(), tonic_health::pb::health_check_response::ServingStatus::Serving, "{service}");
    }
}

/// The services that reflection lists, by both of its versions.
async fn reflected(served: &Served, bearer: &Bearer) -> [Result<Vec<String>, Status>; 2] {
    macro_rules! listed {
        ($version:ident) => {{
            let mut client =
                $version::server_reflection_client::ServerReflectionClient::new(served.caller_with(bearer.clone()));
            let request = $version::ServerReflectionRequest {
                host: String::new(),
                message_request: Some($version::server_reflection_request::MessageRequest::ListServices(String::new())),
            };
            let listing = async {
                let mut answers = client.server_reflection_info(futures::stream::iter([request])).await?.into_inner();
                match answers.message().await?.and_then(|answer| answer.message_response) {
                    Some($version::server_reflection_response::MessageResponse::ListServicesResponse(list)) => {
                        Ok(list.service.into_iter().map(|service| service.name).collect())
                    }
                    other => Err(Status::unknown(format!("{other:?}"))),
                }
            };
            listing.await
        }};
    }
    [listed!(v1), listed!(v1alpha)]
}

#[tokio::test]
async fn reflection_needs_a_token_and_lists_the_services_in_both_versions() {
    let served = Served::start::<Probe>(Config::default()).await;
    for listed in reflected(&served, &People::Anna.bearer(served.setting.issuer())).await {
        let names = listed.unwrap();
        for service in ["baton.handoff.v1.DirectoryService", "baton.event.v1.EventLogService"] {
            assert!(names.iter().any(|name| name == service), "{names:?}");
        }
    }
    for listed in reflected(&served, &Bearer::nothing()).await {
        assert_eq!(listed.unwrap_err().code(), Code::Unauthenticated);
    }
}

#[tokio::test]
async fn reflection_can_be_switched_off() {
    let setting = Setting::new::<Probe>().await;
    let mut config = setting.config::<Probe>(Config::default());
    config.grpc.reflection = false;
    let served = setting.serve_as::<Probe>(config).await;
    for listed in reflected(&served, &People::Anna.bearer(setting.issuer())).await {
        assert_eq!(listed.unwrap_err().code(), Code::Unimplemented);
    }
}
