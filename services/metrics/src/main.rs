//! The metrics service's program.

fn main() -> std::process::ExitCode {
    chassis::run::<baton_metrics::Metrics>()
}
