//! The notifier's program.

fn main() -> std::process::ExitCode {
    chassis::run::<baton_notifier::Notifier>()
}
