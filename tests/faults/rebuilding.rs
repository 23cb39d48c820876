//! A rebuild while work goes on: the same clocks, and nothing said twice.

use std::sync::atomic::{AtomicUsize, Ordering};

use testkit::People;

use crate::{
    scale,
    stage::{Stage, grown},
    truth::assert_each_breached_once,
    work::hand_over,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_under_load_ends_in_the_same_clocks_and_says_nothing_twice() {
    let stage = Stage::new(2).await;
    stage.map().await;
    let (handoffs, rebuilds, done) = (scale(96, 2_000), scale(2, 10), AtomicUsize::new(0));
    let work = hand_over(stage.handoffs(People::Crm), stage.handoffs(People::Desk), handoffs, &done);
    let rebuilding = async {
        for rebuild in 1..=rebuilds {
            let part = i64::try_from(handoffs * rebuild / (rebuilds + 1)).expect("small");
            grown("the work goes on", part, async || i64::try_from(done.load(Ordering::SeqCst)).ok()).await;
            let (is_done, printed) = stage.monitors[1].run(&["rebuild"]).await;
            assert!(is_done, "{printed}");
            assert!(printed.contains(&format!("generation {} is in use", rebuild + 1)), "{printed}");
            assert!(printed.contains("; 0 differ from those before"), "{printed}");
        }
    };
    tokio::join!(work, rebuilding);
    assert_each_breached_once(&stage).await;
    let (is_done, printed) = stage.monitors[0].run(&["rebuild"]).await;
    assert!(is_done && printed.contains("; 0 differ"), "{printed}");
}
