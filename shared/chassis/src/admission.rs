//! How much the server takes on at once, and how fast one principal may call: what is over it is refused at once.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, MonotonicClock},
    middleware::NoOpMiddleware,
    state::keyed::HashMapStateStore,
};
use kernel::{Code, Error, Refusal, Result};
use prost::Message;
use prost_types::FileDescriptorSet;
use tokio::time::Instant;
use tonic::Status;

use crate::{config::Grpc, status::into_status};

/// Calls that send a stream last long and keep the store busy: they have places of their own, fewer than the pool has
/// connections.
const UPLOADS: u32 = 8;
/// So many calls for each connection to the store are under way at once, however slow the store is: some at work, some in
/// wait.
const LEAST_PER_CONNECTION: u32 = 4;
/// A call that took longer came too late for many a caller: then there are too many at once.
const SLOW: Duration = Duration::from_secs(1);
/// So long after there were made fewer places the calls that felt it have ended.
const SETTLED: Duration = Duration::from_millis(250);
/// Principals whose allowance is whole again are forgotten every so many calls.
const FORGET_EVERY: u32 = 4096;

/// Made once: refusing a call must cost next to nothing just when there is too much to do.
static OVERLOADED: LazyLock<Status> = LazyLock::new(|| {
    let message = "the service has as much to do as it can: try again in a second, a mutation with the same request_id";
    into_status(exhausted("OVERLOADED", message.to_owned(), 1))
});

/// The places for calls, and the allowance of each principal.
#[derive(Debug)]
pub(crate) struct Admission {
    calls: Arc<Places>,
    uploads: Arc<Places>,
    streams: HashMap<String, Stream>,
    rates: Option<Rates<MonotonicClock>>,
}

/// Which side of a call sends a stream; where both do, the answer's begins at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stream {
    Request,
    Answer,
}

/// Places for calls: fewer while calls are slow, since what waits in a long queue is answered when nobody wants it any more.
#[derive(Debug)]
struct Places {
    least: f64,
    most: f64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    taken: u32,
    /// How many there are; in fractions, so that it rises slowly.
    open: f64,
    lowered_at: Option<Instant>,
}

impl Places {
    fn new(least: u32, most: u32) -> Arc<Self> {
        let state = Mutex::new(State { taken: 0, open: most.into(), lowered_at: None });
        Arc::new(Self { least: least.min(most).into(), most: most.into(), state })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(self: &Arc<Self>) -> Option<Place> {
        let mut state = self.state();
        if f64::from(state.taken) + 1.0 > state.open {
            return None;
        }
        state.taken += 1;
        metrics::gauge!("grpc_server_in_flight").increment(1);
        Some(Place { of: self.clone(), began_at: Instant::now() })
    }

    /// A slow call takes a tenth of the places away, a round of fast ones brings one back.
    fn free(&self, took: Duration, now: Instant) {
        let mut state = self.state();
        state.taken -= 1;
        metrics::gauge!("grpc_server_in_flight").decrement(1);
        if took <= SLOW {
            state.open = (state.open + 1.0 / state.open).min(self.most);
        } else if state.lowered_at.is_none_or(|at| now > at + SETTLED) {
            state.open = (state.open * 0.9).max(self.least);
            state.lowered_at = Some(now);
        }
    }
}

/// A place that a call holds until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    of: Arc<Places>,
    began_at: Instant,
}

/// Keeps the place of a call taken for as long as work goes on for it, also after its caller has left.
#[derive(Debug, Clone)]
#[expect(dead_code, reason = "it is held, never looked at")]
pub(crate) struct Held(Arc<Place>);

impl Drop for Place {
    fn drop(&mut self) {
        let now = Instant::now();
        self.of.free(now - self.began_at, now);
    }
}

/// A call that was let in.
#[derive(Debug)]
pub(crate) struct Entered {
    /// Taken until the head of the answer is there.
    pub(crate) place: Arc<Place>,
    is_short: bool,
}

impl Entered {
    /// What the work for the call holds on to; nothing where it goes on for as long as a stream does.
    pub(crate) fn held(&self) -> Option<Held> {
        self.is_short.then(|| Held(self.place.clone()))
    }
}

impl Admission {
    /// The bounds that the configuration states; `connections` are those to the store; `descriptors` tell which methods are
    /// streams.
    pub(crate) fn new(config: &Grpc, connections: u32, descriptors: &[u8]) -> Result<Self> {
        let rates = NonZeroU32::new(config.rate_per_second).zip(NonZeroU32::new(config.rate_burst));
        Ok(Self {
            calls: Places::new(LEAST_PER_CONNECTION * connections, config.max_in_flight),
            uploads: Places::new(UPLOADS, UPLOADS),
            streams: streams(&FileDescriptorSet::decode(descriptors).map_err(Error::fault)?),
            rates: rates.map(|(per_second, burst)| {
                Rates::new(Quota::per_second(per_second).allow_burst(burst), MonotonicClock)
            }),
        })
    }

    /// A place for a call of that method, or the refusal when none is free. Nobody waits for a place: a queue before the
    /// service would be longer than its callers have patience.
    pub(crate) fn enter(&self, path: &str) -> Result<Entered, Status> {
        let stream = self.streams.get(path).copied();
        let places = if stream == Some(Stream::Request) { &self.uploads } else { &self.calls };
        match places.take() {
            Some(place) => Ok(Entered { place: Arc::new(place), is_short: stream.is_none() }),
            None => {
                metrics::counter!("grpc_server_shed_total", "reason" => "OVERLOADED").increment(1);
                Err(OVERLOADED.clone())
            }
        }
    }

    /// One call more of that principal, or the refusal when it has called too often.
    pub(crate) fn count(&self, principal: &str) -> Result<()> {
        let Some(rates) = &self.rates else { return Ok(()) };
        rates.count(principal).map_err(|seconds| {
            metrics::counter!("grpc_server_shed_total", "reason" => "RATE_LIMITED").increment(1);
            let message = format!("{principal} calls too often: slow down, and try again in {seconds} s");
            exhausted("RATE_LIMITED", message, seconds)
        })
    }
}

fn exhausted(reason: &'static str, message: String, seconds: u32) -> Error {
    Refusal { retry_after_seconds: Some(seconds), ..Refusal::new(Code::ResourceExhausted, reason, message) }.into()
}

/// The methods that are streams, by path.
fn streams(set: &FileDescriptorSet) -> HashMap<String, Stream> {
    let mut streams = HashMap::new();
    for file in &set.file {
        for service in &file.service {
            for method in &service.method {
                let stream = match (method.client_streaming(), method.server_streaming()) {
                    (false, false) => continue,
                    (true, false) => Stream::Request,
                    (_, true) => Stream::Answer,
                };
                let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                streams.insert(path, stream);
            }
        }
    }
    streams
}

/// The allowance of each principal: so many calls a second, and some saved up.
#[derive(Debug)]
struct Rates<C: Clock> {
    limiter: RateLimiter<String, HashMapStateStore<String>, C, NoOpMiddleware<C::Instant>>,
    clock: C,
    counted: AtomicU32,
}

impl<C: Clock + Clone> Rates<C> {
    fn new(quota: Quota, clock: C) -> Self {
        let limiter = RateLimiter::hashmap_with_clock(quota, clock.clone());
        Self { limiter, clock, counted: AtomicU32::new(0) }
    }

    /// One call more, or the whole seconds until one passes again.
    fn count(&self, principal: &str) -> Result<(), u32> {
        if self.counted.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        self.limiter
            .check_key(&principal.to_owned())
            .map_err(|until| whole_seconds(until.wait_time_from(self.clock.now())))
    }
}

/// Rounded up: whoever waits so long is let in.
fn whole_seconds(wait: Duration) -> u32 {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    u32::try_from(seconds.max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;
    use metrics_exporter_prometheus::PrometheusBuilder;
    use tonic_types::StatusExt;

    use super::*;

    fn admission(places: u32) -> Admission {
        let grpc = Grpc { max_in_flight: places, ..Grpc::default() };
        Admission::new(&grpc, 1, api::DESCRIPTORS).unwrap()
    }

    fn rates(per_second: u32, burst: u32) -> (Rates<FakeRelativeClock>, FakeRelativeClock) {
        let quota =
            Quota::per_second(NonZeroU32::new(per_second).unwrap()).allow_burst(NonZeroU32::new(burst).unwrap());
        let clock = FakeRelativeClock::default();
        (Rates::new(quota, clock.clone()), clock)
    }

    #[test]
    fn a_place_is_free_again_when_the_call_and_the_work_for_it_have_ended() {
        let admission = admission(1);
        let entered = admission.enter("/a/B").unwrap();
        let work = entered.held().expect("a short call's work holds its place");
        drop(entered);
        let refused = admission.enter("/a/B").unwrap_err();
        assert_eq!(refused.code(), tonic::Code::ResourceExhausted);
        let retry_after = refused.get_details_retry_info().unwrap().retry_delay;
        assert_eq!(retry_after, Some(Duration::from_secs(1)));
        drop(work);
        admission.enter("/a/B").unwrap();
    }

    #[test]
    fn places_become_fewer_while_calls_are_slow_and_more_again_when_they_are_fast() {
        let places = Places::new(10, 100);
        let all = || std::iter::from_fn(|| places.take()).collect::<Vec<_>>().len();
        let mut now = Instant::now();
        let mut answer = |took: Duration, after: Duration| {
            now += after;
            places.state().taken += 1;
            places.free(took, now);
        };
        for _ in 0..50 {
            answer(SLOW * 2, SLOW);
        }
        assert_eq!(all(), 10, "never fewer than the least");
        for _ in 0..10_000 {
            answer(Duration::from_millis(1), Duration::ZERO);
        }
        assert_eq!(all(), 100, "never more than the most");
        answer(SLOW * 2, SLOW);
        for _ in 0..50 {
            answer(SLOW * 2, Duration::ZERO);
        }
        assert_eq!(all(), 90, "many that were slow together are one sign, not many");
    }

    #[test]
    fn calls_that_send_a_stream_have_places_of_their_own() {
        const IMPORT: &str = "/baton.handoff.v1.HandoffService/ImportHandoffs";
        let admission = admission(1);
        let uploads: Vec<_> = (0..UPLOADS).map(|_| admission.enter(IMPORT).unwrap()).collect();
        admission.enter(IMPORT).unwrap_err();
        assert!(uploads.iter().all(|upload| upload.held().is_none()));
        let _call = admission.enter("/a/B").unwrap();
        drop(uploads);
        admission.enter(IMPORT).unwrap();
    }

    #[test]
    fn what_is_refused_is_counted_and_what_is_under_way_is_shown() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            let grpc = Grpc { max_in_flight: 1, rate_per_second: 1, rate_burst: 1, ..Grpc::default() };
            let admission = Admission::new(&grpc, 1, api::DESCRIPTORS).unwrap();
            let _entered = admission.enter("/a/B").unwrap();
            admission.enter("/a/B").unwrap_err();
            admission.count("anna").unwrap();
            admission.count("anna").unwrap_err();
        });
        let shown = handle.render();
        for line in [
            "grpc_server_shed_total{reason=\"OVERLOADED\"} 1",
            "grpc_server_shed_total{reason=\"RATE_LIMITED\"} 1",
            "grpc_server_in_flight 0",
        ] {
            assert!(shown.contains(line), "{line}: {shown}");
        }
    }

    #[test]
    fn a_principal_may_call_as_fast_as_its_rate_and_is_told_when_to_come_back() {
        let (rates, clock) = rates(2, 4);
        for _ in 0..4 {
            rates.count("anna").unwrap();
        }
        assert_eq!(rates.count("anna"), Err(1));
        rates.count("bo").unwrap();
        clock.advance(Duration::from_millis(500));
        rates.count("anna").unwrap();
        assert_eq!(rates.count("anna"), Err(1));
    }

    #[test]
    fn whoever_waits_as_long_as_told_is_let_in() {
        let (rates, clock) = rates(1, 1);
        for _ in 0..5 {
            rates.count("anna").unwrap();
            let seconds = rates.count("anna").unwrap_err();
            clock.advance(Duration::from_secs(seconds.into()));
        }
        assert_eq!(whole_seconds(Duration::from_millis(2001)), 3);
    }

    #[test]
    fn principals_that_do_not_call_any_more_are_forgotten() {
        let (rates, clock) = rates(1, 10);
        for number in 0..FORGET_EVERY - 1 {
            rates.count(&format!("principal {number}")).unwrap();
        }
        clock.advance(Duration::from_mins(1));
        rates.count("anna").unwrap();
        assert_eq!(rates.limiter.len(), 1);
    }
}
