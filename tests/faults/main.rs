//! Each deadline breaches exactly once, none early, none lost, and figures come out the same: whatever dies, stops, stalls or lies
//! meanwhile.
//!
//! The quick form runs with all tests; `cargo dev faults` runs the long one.

mod apart;
mod away;
mod backlog;
mod copies;
mod deaths;
mod figures;
mod lateness;
mod order;
mod rebuilding;
mod stage;
mod truth;
mod volvo;
mod work;

/// How hard the tests try: `long` where BATON_FAULTS says so, else `quick`.
fn scale<T>(quick: T, long: T) -> T {
    if std::env::var("BATON_FAULTS").is_ok_and(|it| it == "long") { long } else { quick }
}
