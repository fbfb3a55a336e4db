//! `litevisor config show`.

use std::process::ExitCode;

use clap::Subcommand;

use super::{ConfigFile, Failure, terminal};
use crate::config::Shown;

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Prints every setting with its value and where it came from
    Show(ConfigFile),
}

pub(super) fn run(command: ConfigCommand) -> Result<ExitCode, Failure> {
    let ConfigCommand::Show(file) = command;
    terminal::print(&render(&file.load()?.shown))?;
    Ok(ExitCode::SUCCESS)
}

/// The settings as a TOML file with each origin as a comment; unset ones are comments as a whole.
fn render(settings: &[Shown]) -> String {
    let width = settings.iter().map(|s| s.key.len() + s.value.as_ref().map_or(5, String::len));
    let width = width.max().unwrap_or(0).min(60) + 3;
    let mut text = String::new();
    let mut section = "";
    for setting in settings {
        if setting.section != section {
            section = setting.section;
            let gap = if text.is_empty() { "" } else { "\n" };
            text.push_str(&format!("{gap}[{section}]\n"));
        }
        let line = match &setting.value {
            Some(value) => format!("{} = {value}", setting.key),
            None => format!("# {} is unset", setting.key),
        };
        text.push_str(&format!("{line:width$}  # {}\n", setting.origin));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::config::{Config, Layers};

    #[test]
    fn what_is_shown_can_be_read_back() {
        let first = Config::load(Layers::new()).expect("defaults").shown;
        let layers = Layers::new().file("shown.toml", &render(&first)).expect("TOML");
        let second = Config::load(layers).expect("read back").shown;
        for (a, b) in first.iter().zip(&second) {
            assert_eq!((a.key, &a.value), (b.key, &b.value));
        }
    }
}
