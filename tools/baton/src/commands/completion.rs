//! `baton completion`.

use clap::{Args, Command};
use clap_complete::{Shell, generate};

use crate::{errors::Result, output::print_bytes};

/// What a shell needs to complete commands and options.
#[derive(Debug, Args)]
#[command(
    after_help = "To install it, put the line of your shell into its start file:\n  bash        source <(baton completion bash)\n  zsh         source <(baton completion zsh)     (after compinit)\n  fish        baton completion fish | source\n  powershell  baton completion powershell | Out-String | Invoke-Expression\n  elvish      eval (baton completion elvish | slurp)\n\nExample:\n  source <(baton completion bash)"
)]
pub(crate) struct Completion {
    /// The shell
    shell: Shell,
}

impl Completion {
    /// Prints it.
    pub(crate) fn run(self, mut command: Command) -> Result<()> {
        let mut script = vec![];
        generate(self.shell, &mut command, "baton", &mut script);
        print_bytes(&script)
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn every_shell_completes_every_noun() {
        for shell in Shell::value_variants() {
            let mut command = crate::cli::command();
            let nouns: Vec<String> = command.get_subcommands().map(|noun| noun.get_name().to_owned()).collect();
            let mut script = vec![];
            generate(*shell, &mut command, "baton", &mut script);
            let script = String::from_utf8(script).unwrap();
            for noun in nouns {
                assert!(script.contains(&noun), "{shell} does not complete {noun}");
            }
        }
    }
}
