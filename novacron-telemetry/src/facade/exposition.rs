//! Reads the text format while somebody writes it.
//!
//! It is given pieces of text and keeps no more of it than a line; what it keeps are families. A
//! value is taken only if its token was read completely.

use std::io;

use super::draft::Draft;
use super::foreign::Foreign;
use crate::metric::Kind;

/// The longest line, in bytes. A longer one is skipped.
const LONGEST_LINE: usize = 64 * 1024;

/// The most complaints that are kept of one reading.
const MOST_COMPLAINTS: usize = 1000;

/// Reads what is written to it.
pub(super) struct Reader<F> {
    is_constant: F,
    /// Bytes that may still come.
    left: usize,
    /// The line that has begun.
    line: Vec<u8>,
    /// Whether that line is too long.
    skipped: bool,
    help: Option<(String, String)>,
    family: Option<Draft>,
    read: Read,
}

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) families: Vec<Foreign>,
    /// Families of which something could not be read, and what; or `""` for what is in none.
    pub(super) complaints: Vec<(String, &'static str)>,
}

impl<F: Fn(&str) -> bool> Reader<F> {
    /// Reads at most `limit` bytes. Labels for which `is_constant` is true are called
    /// `exported_…`, because each series has one of that name already.
    pub(super) fn new(limit: usize, is_constant: F) -> Self {
        Self {
            is_constant,
            left: limit,
            line: Vec::new(),
            skipped: false,
            help: None,
            family: None,
            read: Read::default(),
        }
    }

    /// All there was; `whole` is false if the text was cut, and then its last family is left out.
    pub(super) fn finish(mut self, whole: bool) -> Read {
        if whole {
            self.end_line();
            self.end_family();
        } else if let Some(cut) = self.family.take() {
            self.complain_of(&cut.name, "the text is too long");
        }
        self.read
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.skipped) {
            self.complain("a line is too long");
        } else {
            match std::str::from_utf8(&line) {
                Ok(text) => self.line(text.trim()),
                Err(_) => self.complain("a line is not UTF-8"),
            }
        }
        // Its capacity serves the next line.
        self.line = line;
        self.line.clear();
    }

    fn line(&mut self, line: &str) {
        if line.is_empty() {
            return;
        }
        let Some(comment) = line.strip_prefix('#') else {
            let sample = match &mut self.family {
                Some(family) => family.sample(line, &self.is_constant),
                None => Err("a sample has no type"),
            };
            if let Err(why) = sample {
                self.complain(why);
            }
            return;
        };
        let mut words = comment.trim_start().splitn(3, ' ');
        match (words.next(), words.next(), words.next()) {
            (Some("HELP"), Some(name), text) => {
                self.end_family();
                self.help = Some((name.to_owned(), help(text.unwrap_or_default())));
            }
            (Some("TYPE"), Some(name), Some(kind)) => self.begin_family(name, kind.trim()),
            // Any other comment is for people.
            _ => {}
        }
    }

    fn begin_family(&mut self, name: &str, kind: &str) {
        self.end_family();
        let help = match self.help.take() {
            Some((of, help)) if of == name => help,
            _ => String::new(),
        };
        let kind = match kind {
            "counter" => Kind::Counter,
            // Without a type it can be shown as nothing else.
            "gauge" | "untyped" => Kind::Gauge,
            "histogram" => Kind::Histogram,
            "summary" => Kind::Summary,
            _ => {
                self.complain_of(name, "its type is unknown");
                return;
            }
        };
        self.family = Some(Draft::new(name.to_owned(), help, kind));
    }

    fn end_family(&mut self) {
        let Some(draft) = self.family.take() else {
            return;
        };
        let (family, incomplete) = draft.finish();
        if incomplete > 0 {
            self.complain_of(&family.name, "a series is incomplete, or two lines say the same");
        }
        if !family.rows.is_empty() {
            self.read.families.push(family);
        }
    }

    fn complain(&mut self, why: &'static str) {
        let name = self.family.as_ref().map_or_else(String::new, |family| family.name.clone());
        self.complain_of(&name, why);
    }

    fn complain_of(&mut self, name: &str, why: &'static str) {
        let complaints = &mut self.read.complaints;
        // Once per family and reason, and not without end: hostile lines may be many.
        let known = complaints.iter().rev().take(16).any(|(of, what)| of == name && *what == why);
        if !known && complaints.len() < MOST_COMPLAINTS {
            complaints.push((name.to_owned(), why));
        }
    }
}

impl<F: Fn(&str) -> bool> io::Write for Reader<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(left) = self.left.checked_sub(bytes.len()) else {
            return Err(io::ErrorKind::FileTooLarge.into());
        };
        self.left = left;
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = match piece.split_last() {
                Some((b'\n', text)) => (text, true),
                _ => (piece, false),
            };
            if self.line.len() + text.len() > LONGEST_LINE {
                self.skipped = true;
            } else {
                self.line.extend_from_slice(text);
            }
            if ends {
                self.end_line();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A HELP text as it was meant: `\\` and `\n` are the only escapes there.
fn help(escaped: &str) -> String {
    let mut text = String::with_capacity(escaped.len());
    let mut chars = escaped.chars();
    while let Some(c) = chars.next() {
        match (c, chars.as_str().chars().next()) {
            ('\\', Some('n')) => text.push('\n'),
            ('\\', Some('\\')) => text.push('\\'),
            _ => {
                text.push(c);
                continue;
            }
        }
        chars.next();
    }
    text
}
