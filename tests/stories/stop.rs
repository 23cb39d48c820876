//! SIGTERM: a service says that it goes, and goes.

use std::{io::Write, net::TcpStream, time::Duration};

use handoff::HandoffService;
use nix::sys::signal::Signal;
use testkit::Setting;

use crate::replica::Replica;

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_a_service_within_its_time_whatever_a_client_holds_open() {
    let setting = Setting::new::<HandoffService>().await;
    let mut replica = Replica::start(&setting).await;
    // Clients that say nothing, or half of something.
    let _silent = TcpStream::connect(("127.0.0.1", replica.grpc_port)).expect("it listens");
    let mut halting = TcpStream::connect(("127.0.0.1", replica.grpc_port)).expect("it listens");
    halting.write_all(b"PRI * HTTP/2.0\r\n").expect("it reads");
    let _probe = TcpStream::connect(("127.0.0.1", replica.http_port)).expect("it listens");
    replica.process.signal(Signal::SIGTERM);
    let status = replica.process.wait(Duration::from_secs(25)).expect("it ends within 25 s");
    assert!(status.success(), "{status}: {}", replica.process.last_words());
}
