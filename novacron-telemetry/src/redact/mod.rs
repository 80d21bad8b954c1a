//! What is never shown: values whose key says that they are secret, and texts that look like one.
//!
//! One policy for everything that leaves the process as text. Log lines apply it to fields, messages
//! and the fields of spans before they are laid out, traces to attributes, and metrics to open labels
//! when a value first comes. What a host shows elsewhere (an answer, a panic message) it passes
//! through [`redact`] itself.
//!
//! ```
//! use novacron_telemetry::redact::{Secret, is_secret_key, redact};
//!
//! assert!(is_secret_key("db_password") && is_secret_key("X-Api-Key"));
//! assert_eq!(
//!     redact("connecting to postgres://admin:hunter2@db/vms"),
//!     "connecting to postgres://[redacted]@db/vms",
//! );
//! assert_eq!(redact("retrying with token=abc123, 3 left"), "retrying with token=[redacted], 3 left");
//!
//! let token = Secret::new("s3cr3t");
//! assert_eq!(format!("{token} {token:?}"), "[redacted] [redacted]");
//! assert_eq!(*token.expose(), "s3cr3t");
//! ```
//!
//! What no rule can tell is a secret that looks like a word and stands beside no key. That is what
//! [`Secret`] is for.

mod key;
mod pattern;
mod secret;

use std::borrow::Cow;

#[cfg(feature = "logs")]
pub(crate) use key::is_count;
pub use key::is_secret_key;
pub use secret::Secret;

/// What stands where a secret stood.
pub const REDACTED: &str = "[redacted]";

/// The text without what looks like a secret in it: values after a secret key (`password=…`,
/// `"token": "…"`, `Authorization: Bearer …`, `--secret …`), credentials in URLs, JSON Web Tokens,
/// private keys in PEM, password hashes, and tokens that carry the mark of who issued them (AWS,
/// GitHub, GitLab, Slack, Stripe, …).
///
/// Borrowed if there was nothing to take out. Redacting twice changes nothing more.
#[must_use]
pub fn redact(text: &str) -> Cow<'_, str> {
    match pattern::find(text, 0) {
        None => Cow::Borrowed(text),
        Some(_) => {
            let mut clean = String::with_capacity(text.len());
            redact_into(text, &mut clean);
            Cow::Owned(clean)
        }
    }
}

/// As [`redact`], into a text that is there already.
pub(crate) fn redact_into(text: &str, out: &mut String) {
    let mut from = 0;
    while let Some(found) = pattern::find(text, from) {
        out.push_str(&text[from..found.start]);
        out.push_str(REDACTED);
        from = found.end;
    }
    out.push_str(&text[from..]);
}
