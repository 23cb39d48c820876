//! TLS between services: who is let in, what is shown, and what is taken without a restart.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use api::{
    event::v1::{ListEventsRequest, event_log_service_client::EventLogServiceClient},
    handoff::v1::{GetTeamRequest, directory_service_client::DirectoryServiceClient},
};
use chassis::{Clock, Peer, Running, config};
use kernel::Error;
use testkit::{Caller, People, Served, Setting, eventually, refusal};
use tls::{Pair, Trusted};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_rustls::{
    TlsConnector, client,
    rustls::{
        ClientConfig,
        pki_types::{CertificateDer, ServerName},
    },
};
use tonic::{service::interceptor::InterceptedService, transport::Endpoint};

use crate::{
    authority::{Authority, certificate, write},
    hearing::{self, Listener},
    probe::{Config, Probe},
    servers::Broker,
};

/// Against hanging: far longer than any answer should take.
const HANGING: Duration = Duration::from_secs(20);
/// Certificates are looked at every two seconds: a connection that is made after this time comes after a look.
const LOOKED_AT: Duration = Duration::from_millis(2_500);

/// A service that shows that certificate, and lets in whoever the authority vouches for, where there is one.
async fn serve(shown: &Pair, clients: Option<&Authority>) -> Served {
    let setting = Setting::new::<Probe>().await;
    let config = shows(setting.config::<Probe>(Config::default()), shown, clients);
    setting.serve_as::<Probe>(config).await
}

fn shows<S>(mut config: config::Config<S>, shown: &Pair, clients: Option<&Authority>) -> config::Config<S> {
    config.grpc.tls_cert_file.clone_from(&shown.cert_file);
    config.grpc.tls_key_file.clone_from(&shown.key_file);
    config.grpc.tls_client_ca_file = clients.map(Authority::ca_file).unwrap_or_default();
    config
}

fn https(served: &Served) -> String {
    format!("https://{}", served.running.grpc())
}

/// A caller by TLS, which connects anew.
fn caller(served: &Served, trusts: &Authority, shows: Option<&Pair>) -> Caller {
    let trusted = Trusted::new(Some(trusts.ca_file()), shows.cloned(), &[b"h2"]).expect("the files are good");
    let channel = Endpoint::from_shared(https(served)).expect("an address").connect_with_connector_lazy(trusted);
    InterceptedService::new(channel, People::Anna.bearer(served.setting.issuer()))
}

/// Whether a call is answered; if it is not, it is because there is no connection.
async fn is_answered(caller: Caller) -> bool {
    let request = GetTeamRequest { team_id: "counter".into() };
    let call = timeout(HANGING, DirectoryServiceClient::new(caller).get_team(request)).await.expect("no call hangs");
    if let Err(status) = &call {
        let refused = refusal(status);
        assert_eq!(refused.reason, "", "the service itself has answered: {refused:?}");
    }
    call.is_ok()
}

/// A greeting by TLS, as any client greets.
async fn greet(address: SocketAddr, trusts: &Authority) -> io::Result<client::TlsStream<TcpStream>> {
    let mut config = ClientConfig::builder().with_root_certificates(trusts.roots()).with_no_client_auth();
    config.alpn_protocols = ["http/1.1", "h2"].map(Into::into).to_vec();
    let tcp = TcpStream::connect(address).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::from(address.ip()), tcp).await
}

/// The certificate that new connections are shown; none where it is of another authority.
async fn shown(served: &Served, trusts: &Authority) -> Option<CertificateDer<'static>> {
    let secured = greet(served.running.grpc(), trusts).await.ok()?;
    Some(secured.get_ref().1.peer_certificates()?.first()?.clone().into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_trusts_the_authority_is_answered_over_http_2_and_nobody_else() {
    let (authority, another) = (Authority::new("ours"), Authority::new("another"));
    let served = serve(&authority.give("service"), None).await;
    assert!(is_answered(caller(&served, &authority, None)).await);
    let secured = greet(served.running.grpc(), &authority).await.unwrap();
    assert_eq!(secured.get_ref().1.alpn_protocol(), Some(&b"h2"[..]), "before what web pages speak");

    assert!(!is_answered(caller(&served, &another, None)).await, "it shows another authority's certificate");
    assert!(!is_answered(served.caller(People::Anna)).await, "nothing is told in plain text");
    assert!(is_answered(caller(&served, &authority, None)).await, "and nobody is the worse for them");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_for_another_name_is_not_taken() {
    let authority = Authority::new("ours");
    let elsewhere = authority.give_as("service", |it| {
        it.subject_alt_names =
            rcgen::CertificateParams::new(["elsewhere.example".to_owned()]).unwrap().subject_alt_names;
    });
    let served = serve(&elsewhere, None).await;
    assert!(!is_answered(caller(&served, &authority, None)).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_clients_must_show_a_certificate_only_one_of_that_authority_lets_in() {
    let (authority, clients, another) = (Authority::new("ours"), Authority::new("clients"), Authority::new("another"));
    let served = serve(&authority.give("service"), Some(&clients)).await;
    let right = clients.give("client");
    assert!(is_answered(caller(&served, &authority, Some(&right))).await);
    assert!(!is_answered(caller(&served, &authority, None)).await, "without one");
    assert!(!is_answered(caller(&served, &authority, Some(&another.give("client")))).await, "of another authority");
    assert!(!is_answered(caller(&served, &authority, Some(&authority.give("client")))).await, "of the service's own");
    assert!(!is_answered(served.caller(People::Anna)).await, "in plain text");
    assert!(is_answered(caller(&served, &authority, Some(&right))).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_is_replaced_is_shown_to_new_connections_while_open_ones_go_on() {
    let (authority, next) = (Authority::new("ours"), Authority::new("next"));
    let pair = authority.give("service");
    let served = serve(&pair, None).await;
    let open = caller(&served, &authority, None);
    assert!(is_answered(open.clone()).await);

    // Of another authority, which the open connection does not trust: it could not be made again.
    next.replace(&pair);
    eventually("the next one is shown", async || shown(&served, &next).await).await;
    assert_eq!(shown(&served, &next).await, Some(certificate(&pair.cert_file)));
    assert!(!is_answered(caller(&served, &authority, None)).await);
    assert!(is_answered(caller(&served, &next, None)).await);
    assert!(is_answered(open).await, "it goes on as it is");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authority_of_clients_that_is_replaced_lets_in_whom_it_vouches_for_from_then_on() {
    let (authority, clients, next) = (Authority::new("ours"), Authority::new("clients"), Authority::new("next"));
    let served = serve(&authority.give("service"), Some(&clients)).await;
    let (before, after) = (clients.give("client"), next.give("client"));
    assert!(is_answered(caller(&served, &authority, Some(&before))).await);
    write(&clients.ca_file(), &std::fs::read_to_string(next.ca_file()).unwrap());
    eventually("the next one is let in", async || {
        is_answered(caller(&served, &authority, Some(&after))).await.then_some(())
    })
    .await;
    assert!(!is_answered(caller(&served, &authority, Some(&before))).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replacement_that_cannot_be_used_changes_nothing_and_one_that_can_is_still_taken() {
    let authority = Authority::new("ours");
    let pair = authority.give("service");
    let served = serve(&pair, None).await;
    let first = certificate(&pair.cert_file);
    let expired = authority.give_as("expired", |it| it.not_after = rcgen::date_time_ymd(2020, 1, 1));
    let read = |file: &Path| std::fs::read_to_string(file).unwrap();
    for (case, certificate) in [
        ("no PEM", "no certificate".to_owned()),
        ("of another key", read(&authority.give("another").cert_file)),
        ("expired", read(&expired.cert_file)),
    ] {
        write(&pair.cert_file, &certificate);
        let begun = Instant::now();
        eventually("it was looked at", async || {
            assert_eq!(shown(&served, &authority).await.as_ref(), Some(&first), "{case}");
            (begun.elapsed() > LOOKED_AT).then_some(())
        })
        .await;
    }
    std::fs::remove_file(&pair.key_file).unwrap();
    assert!(is_answered(caller(&served, &authority, None)).await);

    authority.replace(&pair);
    let now = certificate(&pair.cert_file);
    eventually("a good one is shown", async || (shown(&served, &authority).await.as_ref() == Some(&now)).then_some(()))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_never_finish_their_greeting_delay_nobody_and_are_cut_off() {
    let authority = Authority::new("ours");
    let served = serve(&authority.give("service"), None).await;
    let mut open = vec![];
    for number in 0..100 {
        let mut tcp = TcpStream::connect(served.running.grpc()).await.unwrap();
        if number % 2 == 0 {
            // The beginning of a greeting that says it is 512 bytes long.
            tcp.write_all(&[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]).await.unwrap();
        }
        open.push(tcp);
    }
    let begun = Instant::now();
    assert!(is_answered(caller(&served, &authority, None)).await);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    for mut tcp in open {
        let end = timeout(HANGING, tcp.read(&mut [0; 64])).await.expect("it is cut off");
        assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    }
}

/// Why a service with that configuration does not start.
async fn refused(config: config::Config<Config>) -> String {
    let started = timeout(HANGING, Running::start::<Probe>(config, Clock::Database, None)).await;
    let Error::Fault(source) = started.expect("it ends").expect_err("it is refused") else { panic!("a fault") };
    source.to_string()
}

#[tokio::test]
async fn files_by_which_no_tls_can_be_spoken_refuse_the_start_and_name_the_knob_the_file_and_the_remedy() {
    let authority = Authority::new("ours");
    let good = authority.give("good");
    let expired = authority.give_as("expired", |it| it.not_after = rcgen::date_time_ymd(2020, 1, 1));
    let early = authority.give_as("early", |it| it.not_before = rcgen::date_time_ymd(2990, 1, 1));
    let nothing = authority.file("nothing.pem");
    let no_pem = authority.file("no.pem");
    write(&no_pem, "no certificate");
    let with_cert = |cert_file: &PathBuf| Pair { cert_file: cert_file.clone(), ..good.clone() };
    let with_key = |key_file: &PathBuf| Pair { key_file: key_file.clone(), ..good.clone() };
    let cases = [
        ("expired", expired.clone(), expired.cert_file, "has expired on"),
        ("not valid yet", early.clone(), early.cert_file, "is not valid before"),
        (
            "of another key",
            with_key(&authority.give("another").key_file),
            authority.file("another.key"),
            "cannot be used",
        ),
        ("no certificate there", with_cert(&nothing), nothing.clone(), "cannot be read"),
        ("no key there", with_key(&nothing), nothing.clone(), "cannot be read"),
        ("no PEM for a certificate", with_cert(&no_pem), no_pem.clone(), "holds no certificate in PEM form"),
        ("no PEM for a key", with_key(&no_pem), no_pem.clone(), "holds no private key in PEM form"),
        ("a key for a certificate", with_cert(&good.key_file), good.key_file.clone(), "holds no certificate"),
    ];
    let setting = Setting::new::<Probe>().await;
    let config = || setting.config::<Probe>(Config::default());
    let is_told = |told: &str, knob: &str, file: &Path, why: &str, case: &str| {
        for part in [knob, file.to_str().unwrap(), why, "What to do: put PEM files there"] {
            assert!(told.contains(part), "{case}: {part:?} is missing in {told:?}");
        }
        assert_eq!(told.lines().count(), 1, "{case}: {told:?}");
    };
    for (case, pair, file, why) in cases {
        is_told(&refused(shows(config(), &pair, None)).await, "grpc.tls_cert_file", &file, why, case);
        let mut calling = config();
        (calling.peers.cert_file, calling.peers.key_file) = (pair.cert_file, pair.key_file);
        is_told(&refused(calling).await, "peers.ca_file", &file, why, case);
    }
    for (case, file, why) in
        [("not there", &nothing, "cannot be read"), ("no PEM", &no_pem, "holds no certificate in PEM form")]
    {
        let mut mutual = shows(config(), &good, None);
        mutual.grpc.tls_client_ca_file.clone_from(file);
        is_told(&refused(mutual).await, "tls_client_ca_file", file, why, case);
        let mut calling = config();
        calling.peers.ca_file.clone_from(file);
        is_told(&refused(calling).await, "peers.ca_file", file, why, case);
    }
}

/// A listener that trusts that authority, and shows that certificate.
async fn listen(pair: &hearing::Pair, trusts: &Authority, shows: Option<&Pair>) -> Served {
    let listening = hearing::Config { producer_url: https(&pair.producer), ..pair.config() };
    let mut config = pair.setting.config::<Listener>(listening);
    config.peers.ca_file = trusts.ca_file();
    if let Some(shown) = shows {
        config.peers.cert_file.clone_from(&shown.cert_file);
        config.peers.key_file.clone_from(&shown.key_file);
    }
    pair.setting.serve_as::<Listener>(config).await
}

/// What the log of the producer says to that listener.
async fn asked(pair: &hearing::Pair, listener: &Served) -> Result<usize, Error> {
    let token_file = pair.config().token_file;
    let peer = Peer::new(listener.running.context(), "the producer", &https(&pair.producer), &token_file, HANGING)?;
    let mut log = EventLogServiceClient::new(peer.channel());
    let asked = peer.ask(ListEventsRequest::default(), |request| async move { log.list_events(request).await }).await?;
    Ok(asked.expect("a log").events.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_is_heard_over_tls_by_those_who_trust_its_authority() {
    let (authority, another) = (Authority::new("ours"), Authority::new("another"));
    let mut broker = Broker::start();
    // What is heard then comes by the producer's log alone.
    broker.nats.stop();
    let setting = broker.setting().await;
    let config = shows(setting.config::<Probe>(Config::default()), &authority.give("producer"), None);
    let pair = hearing::Pair::of(setting.serve_as::<Probe>(config).await).await;
    pair.say("a", "one").await;
    let stranger = listen(&pair, &another, None).await;
    let refused = asked(&pair, &stranger).await.unwrap_err();
    assert!(matches!(refused, Error::Away { what: "the producer", .. }), "{refused:?}");
    assert_eq!(pair.notes().await, []);

    let listener = listen(&pair, &authority, None).await;
    pair.say("b", "one").await;
    assert_eq!(pair.must_have_heard_all().await, 2);
    assert_eq!(asked(&pair, &listener).await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_is_heard_over_mutual_tls_by_those_whom_its_authority_of_clients_vouches_for() {
    let (authority, clients) = (Authority::new("ours"), Authority::new("clients"));
    let mut broker = Broker::start();
    broker.nats.stop();
    let setting = broker.setting().await;
    let config = shows(setting.config::<Probe>(Config::default()), &authority.give("producer"), Some(&clients));
    let pair = hearing::Pair::of(setting.serve_as::<Probe>(config).await).await;
    pair.say("a", "one").await;
    for shown in [None, Some(authority.give("stranger"))] {
        let stranger = listen(&pair, &authority, shown.as_ref()).await;
        let refused = asked(&pair, &stranger).await.unwrap_err();
        assert!(matches!(refused, Error::Away { what: "the producer", .. }), "{refused:?}");
    }
    assert_eq!(pair.notes().await, []);

    let own = clients.give("listener");
    let listener = listen(&pair, &authority, Some(&own)).await;
    assert_eq!(pair.must_have_heard_all().await, 1);
    assert_eq!(asked(&pair, &listener).await.unwrap(), 1);
}
