//! The template service's program.

fn main() -> std::process::ExitCode {
    chassis::run::<checklist_template::ChecklistTemplate>()
}
