//! `rotate-token`: a new token in the place of the old one.

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
    let options = Options {
        config: rotate.config.clone(),
        token_file: rotate.token_file.clone(),
        ..Options::default()
    };
    let path = match options.token_file.clone() {
        // A file that is named needs no NovaFile, nor one without mistakes.
        Some(path) => path,
        None => Setup::read(&options)?.token_file(&options).ok_or_else(|| {
            Complaint::settings("no file for the token is named").hint(
                "--token-file FILE, or token_file = \"FILE\" in [metrics.auth] of the NovaFile",
            )
        })?,
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
