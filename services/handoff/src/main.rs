//! The handoff service's program.

fn main() -> std::process::ExitCode {
    chassis::run::<handoff::HandoffService>()
}
