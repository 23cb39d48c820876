//! The SLA monitor's program.

fn main() -> std::process::ExitCode {
    chassis::run::<sla_monitor::SlaMonitor>()
}
