//! One file per verb: wiring only, no rules, no arithmetic.

pub mod cleanup;
pub mod completions;
pub mod explain;
mod fix;
pub mod list;
pub mod load;
pub mod man;
mod online;
pub mod plan;
pub mod run;
pub mod sandbox;
pub mod triggers;
pub mod validate;

use std::io::Write;

use crate::error::Error;
use crate::settings::Settings;

/// What every command gets.
pub struct Context<'a> {
    /// Settings beside the command's own flags.
    pub settings: &'a Settings,
    /// The product.
    pub stdout: &'a mut dyn Write,
}

impl Context<'_> {
    /// Writes to stdout.
    fn print(&mut self, text: &str) -> Result<(), Error> {
        self.stdout.write_all(text.as_bytes())?;
        self.stdout.flush()?;
        Ok(())
    }

    /// Says something on stderr, unless quiet.
    fn say(&self, text: &str) {
        if self.settings.talk.quiet == 0 {
            say_always(text);
        }
    }
}

/// Says something on stderr. That stderr is closed is no reason to stop working.
fn say_always(text: &str) {
    let mut stderr = std::io::stderr().lock();
    drop(
        stderr
            .write_all(text.as_bytes())
            .and_then(|()| stderr.write_all(b"\n")),
    );
}

/// A value as pretty JSON with a newline.
fn to_json(value: &impl serde::Serialize) -> Result<String, Error> {
    let mut text = serde_json::to_string_pretty(value).map_err(|error| {
        Error::new(crate::error::ErrorKind::Internal, "cannot write JSON").because(error)
    })?;
    text.push('\n');
    Ok(text)
}

/// A value as YAML.
fn to_yaml(value: &impl serde::Serialize) -> Result<String, Error> {
    serde_yaml::to_string(value).map_err(|error| {
        Error::new(crate::error::ErrorKind::Internal, "cannot write YAML").because(error)
    })
}
