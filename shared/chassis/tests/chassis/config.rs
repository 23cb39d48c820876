//! Configuration: one file, the environment over it, secrets from files over both; nothing unknown, nothing silent.

use std::{path::PathBuf, process::Command};

use chassis::config;
use tempfile::TempDir;

use crate::probe::Config;

/// A test that is run as a process of its own, since an environment belongs to a process.
const CHILD: &str = "BATON_CHASSIS_TEST_CONFIG";

fn file(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("probe.toml");
    std::fs::write(&file, text).expect("it is written");
    (folder, file)
}

fn refused(text: &str) -> String {
    let (_folder, file) = file(text);
    config::Config::<Config>::load(Some(&file), &[]).expect_err("it is refused").to_string()
}

#[test]
fn a_file_sets_what_it_names_and_leaves_the_rest_at_its_default() {
    let (_folder, file) = file("[nats]\nprefix = \"mine\"\n[service]\nmotto = \"count\"\n");
    let config = config::Config::<Config>::load(Some(&file), &[]).unwrap();
    assert_eq!((config.nats.prefix.as_str(), config.service.motto.as_str()), ("mine", "count"));
    assert_eq!((config.nats.replicas, config.grpc.max_message_bytes), (1, 1024 * 1024));
}

#[test]
fn an_unknown_key_is_refused_by_name_in_every_section() {
    for (text, key) in [
        ("[nats]\nprefixx = \"a\"\n", "prefixx"),
        ("[natz]\nprefix = \"a\"\n", "natz"),
        ("[service]\nmoto = \"a\"\n", "moto"),
    ] {
        let refused = refused(text);
        assert!(refused.contains(key), "{refused}");
    }
}

#[test]
fn a_bound_that_does_not_hold_or_a_wrong_type_is_refused_by_name() {
    for (text, key) in [
        ("[grpc]\ndrain_seconds = 21\n", "drain_seconds"),
        ("[database]\nmax_connections = \"many\"\n", "max_connections"),
        ("[grpc]\nlisten = \"somewhere\"\n", "listen"),
        ("[grpc]\ntls_cert_file = \"a.pem\"\n", "grpc.tls_cert_file and grpc.tls_key_file go together"),
        ("[grpc]\ntls_client_ca_file = \"a.pem\"\n", "grpc.tls_client_ca_file needs"),
        ("[nats]\ntls_key_file = \"a.key\"\n", "nats.tls_cert_file and nats.tls_key_file go together"),
        ("[peers]\ncert_file = \"a.pem\"\n", "peers.cert_file and peers.key_file go together"),
        ("[telemetry]\nsample_ratio = 1.5\n", "telemetry.sample_ratio"),
        ("[telemetry]\notlp_endpoint = \"collector:4317\"\n", "telemetry.otlp_endpoint"),
        ("[auth]\ndiscovery_url = \"idp.example\"\n", "auth.discovery_url"),
    ] {
        let refused = refused(text);
        assert!(refused.contains(key), "{refused}");
    }
}

#[test]
fn a_file_that_is_not_there_or_no_toml_is_refused() {
    let (folder, file) = file("[nats\n");
    for path in [folder.path().join("nothing.toml"), file] {
        let refused = config::Config::<Config>::load(Some(&path), &[]).unwrap_err().to_string();
        assert!(refused.contains(".toml"), "{refused}");
    }
}

/// What a process with that environment loads: some values, or what is wrong.
fn loaded(file: &PathBuf, environment: &[(&str, &str)]) -> String {
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "config::a_child_says_what_it_loaded", "--nocapture"])
        .env(CHILD, file)
        .envs(environment.iter().copied())
        .output()
        .expect("it runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let (_, said) = text.split_once("LOADED ").expect("it says what it loaded");
    said.split_once(" END").expect("to the end").0.to_owned()
}

#[test]
fn a_child_says_what_it_loaded() {
    let Some(file) = std::env::var_os(CHILD).map(PathBuf::from) else { return };
    match config::Config::<Config>::load(Some(&file), &[]) {
        Ok(it) => println!(
            "LOADED {} {} {} {} END",
            it.nats.prefix,
            it.nats.replicas,
            it.database.url.expose(),
            it.nats.password.expose()
        ),
        Err(error) => println!("LOADED {error} END"),
    }
}

#[test]
fn the_environment_goes_over_the_file_and_a_secrets_file_over_both() {
    let text = "[nats]\nprefix = \"file\"\nreplicas = 3\npassword = \"file\"\n[database]\nurl = \"postgres://file\"\n";
    let (folder, file) = file(text);
    let secret = folder.path().join("password");
    std::fs::write(&secret, "from a file\n").unwrap();
    let environment = [
        ("BATON_NATS__PREFIX", "env"),
        ("BATON_DATABASE__URL", "postgres://env"),
        ("BATON_NATS__PASSWORD", "env"),
        ("BATON_NATS__PASSWORD_FILE", secret.to_str().unwrap()),
    ];
    assert_eq!(loaded(&file, &environment), "env 3 postgres://env from a file");
    assert_eq!(loaded(&file, &environment[..3]), "env 3 postgres://env env");
    assert_eq!(loaded(&file, &[]), "file 3 postgres://file file");
}

#[test]
fn a_secret_in_the_environment_is_taken_letter_by_letter() {
    let (_folder, file) = file("");
    for password in ["0123456", "true", "[1, 2", "{a", "\"quoted\"", "1e5"] {
        assert_eq!(loaded(&file, &[("BATON_NATS__PASSWORD", password)]), format!("baton 1  {password}"));
    }
}

#[test]
fn an_unknown_variable_or_a_secrets_file_that_is_not_there_is_refused() {
    let (folder, file) = file("");
    let nothing = folder.path().join("nothing");
    let cases = [
        ("BATON_NATS__PREFIXX", "a", "prefixx"),
        ("BATON_NATS__REPLICAS", "9", "nats.replicas"),
        ("BATON_NATS__PASSWORD_FILE", nothing.to_str().unwrap(), "BATON_NATS__PASSWORD_FILE"),
    ];
    for (variable, value, named) in cases {
        let said = loaded(&file, &[(variable, value)]);
        assert!(said.to_lowercase().contains(&named.to_lowercase()), "{said}");
    }
}
