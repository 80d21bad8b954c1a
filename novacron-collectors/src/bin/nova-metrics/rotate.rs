//! `rotate-token`: a new token in the place of the old one.

use std::path::PathBuf;

use novacron_telemetry::expose::Token;

use super::args::{Options, Rotate};
use super::complaint::Complaint;
use super::say;
use super::setup::Setup;

/// Makes a token, and puts it where a running exporter finds it.
pub(crate) fn run(rotate: &Rotate) -> Result<(), Complaint> {
    if rotate.stdout {
        say(Token::generate()?.expose());
        return Ok(());
    }
    let path = match &rotate.token_file {
        // A file that is named needs no NovaFile, nor one without mistakes.
        Some(path) => path.clone(),
        None => named(rotate)?,
    };
    Token::generate()?
        .save(&path)
        .map_err(|error| Complaint::file("cannot write", &path, &error))?;
    say(&format!(
        "A new token is in {}. A running nova-metrics takes it within a second, and accepts the old \
         one for its grace period.",
        path.display()
    ));
    Ok(())
}

/// The file that the NovaFile names.
fn named(rotate: &Rotate) -> Result<PathBuf, Complaint> {
    let options = Options {
        config: rotate.config.clone(),
        ..Options::default()
    };
    let auth = Setup::read(&options)?.config.metrics.auth;
    auth.and_then(|auth| auth.token_file).ok_or_else(|| {
        Complaint::settings("no file for the token is named")
            .hint("--token-file FILE, or token_file = \"FILE\" in [metrics.auth] of the NovaFile")
    })
}
