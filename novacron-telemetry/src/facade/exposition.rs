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
            self.complain_of(
                &family.name,
                "a series is incomplete, or two lines say the same",
            );
        }
        if !family.rows.is_empty() {
            self.read.families.push(family);
        }
    }

    fn complain(&mut self, why: &'static str) {
        let name = self
            .family
            .as_ref()
            .map_or_else(String::new, |family| family.name.clone());
        self.complain_of(&name, why);
    }

    fn complain_of(&mut self, name: &str, why: &'static str) {
        let complaints = &mut self.read.complaints;
        // Once per family and reason, and not without end: hostile lines may be many.
        let known = complaints
            .iter()
            .rev()
            .take(16)
            .any(|(of, what)| of == name && *what == why);
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;
    use crate::metric::visit::Source;
    use crate::registry::{Provider, Registry};

    fn read(text: &[u8]) -> Read {
        let mut reader = Reader::new(usize::MAX, |_| false);
        reader.write_all(text).unwrap();
        reader.finish(true)
    }

    /// Shows the same text at each reading.
    struct Told(Vec<u8>);

    impl Provider for Told {
        fn sources(&self, _: &Registry) -> Vec<std::sync::Arc<dyn Source>> {
            let families = read(&self.0).families.into_iter();
            families
                .map(|family| std::sync::Arc::new(family) as _)
                .collect()
        }
    }

    fn shown(text: impl Into<Vec<u8>>) -> String {
        let registry = Registry::new();
        registry.add_sources(std::sync::Arc::new(Told(text.into())));
        registry.render()
    }

    const GOOD: &str = "# HELP a A \\\\ and \\n.\n# TYPE a gauge\na{x=\"1\"} 1\na{x=\"2\"} -Inf\n\
        # TYPE b histogram\n\
        b_bucket{q=\"x\",le=\"0.5\"} 1\nb_bucket{q=\"x\",le=\"+Inf\"} 3\nb_sum{q=\"x\"} 4.5\nb_count{q=\"x\"} 3\n\
        # TYPE c_total counter\nc_total 18446744073709551615\n\
        # TYPE d summary\nd{quantile=\"0.5\"} 7\nd_sum 8\nd_count 2\n";

    #[test]
    fn what_we_write_is_read_as_it_was() {
        // Our own spelling of `le` and the empty HELP apart, it is a fixed point.
        let once = shown(GOOD);
        assert_eq!(once.lines().count(), GOOD.lines().count() + 3, "{once}");
        assert_eq!(shown(once.clone()), once);
        assert!(once.contains("# HELP a A \\\\ and \\n.\n"), "{once}");
        assert!(once.contains("c_total 18446744073709551615\n"), "{once}");
    }

    #[test]
    fn it_does_not_matter_where_the_pieces_end() {
        for size in 1..40 {
            let mut reader = Reader::new(GOOD.len(), |_| false);
            GOOD.as_bytes()
                .chunks(size)
                .for_each(|piece| reader.write_all(piece).unwrap());
            let read = reader.finish(true);
            assert_eq!(
                format!("{read:?}"),
                format!("{:?}", self::read(GOOD.as_bytes())),
                "{size}"
            );
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_costs_only_itself() {
        for line in [
            "a",
            "a{",
            "a{x} 1",
            "a{x=\"1} 1",
            "a{x=\"1\"y=\"2\"} 1",
            "a{x=\"\\q\"} 1",
            "a{=\"\"} 1",
            "a{le=\"1\"} 1",
            "a{__x=\"1\"} 1",
            "a{x=\"1\",x=\"2\"} 1",
            "a{x=\"3\"} 1 1600000000000",
            "a{x=\"3\"} one",
            "a{x=\"3\"} ",
            "ab 1",
            "a_sum 1",
            "other 1",
            "a{x=\"1\"} 5",
        ] {
            let text = GOOD.replacen("a{x=\"2\"}", &format!("{line}\na{{x=\"2\"}}"), 1);
            let read = read(text.as_bytes());
            assert_eq!(read.complaints.len(), 1, "{line}: {:?}", read.complaints);
            assert_eq!(shown(text), shown(GOOD), "{line}");
        }
    }

    #[test]
    fn a_series_that_contradicts_itself_is_left_out() {
        for (from, to) in [
            ("b_count{q=\"x\"} 3\n", ""),
            ("b_count{q=\"x\"} 3\n", "b_count{q=\"x\"} 4\n"),
            (
                "b_sum{q=\"x\"} 4.5\n",
                "b_sum{q=\"x\"} 4.5\nb_sum{q=\"x\"} 5\n",
            ),
            ("le=\"0.5\"} 1\n", "le=\"0.5\"} 4\n"),
            ("b_bucket{q=\"x\",le=\"+Inf\"} 3\n", ""),
            ("le=\"0.5\"", "le=\"-Inf\""),
            (
                "b_bucket{q=\"x\",le=\"0.5\"} 1\n",
                "b_bucket{q=\"x\",le=\"+Inf\"} 3\n",
            ),
        ] {
            let text = GOOD.replacen(from, to, 1);
            assert_ne!(text, GOOD);
            let read = read(text.as_bytes());
            let names: Vec<&str> = read.families.iter().map(|family| &*family.name).collect();
            assert_eq!(names, ["a", "c_total", "d"], "{to}");
            assert_eq!(read.complaints.len(), 1, "{to}: {:?}", read.complaints);
        }
    }

    #[test]
    fn text_without_end_is_cut_and_a_line_without_end_is_skipped() {
        let mut reader = Reader::new(GOOD.len() - 1, |_| false);
        let mut kept = 0;
        while reader.write(&GOOD.as_bytes()[kept..=kept]).is_ok() {
            kept += 1;
        }
        let read = reader.finish(false);
        let names: Vec<&str> = read.families.iter().map(|family| &*family.name).collect();
        assert_eq!(
            names,
            ["a", "b", "c_total"],
            "the family that was cut is left out"
        );

        let long = "x".repeat(10 << 20);
        let text = GOOD.replacen(
            "a{x=\"2\"}",
            &format!("a{{x=\"{long}\"}} 1\na{{x=\"2\"}}"),
            1,
        );
        assert_eq!(shown(text), shown(GOOD));
    }

    #[test]
    fn hostile_lines_do_not_fill_the_memory_with_complaints() {
        let mut text = String::new();
        for n in 0..10_000 {
            text += &format!("# TYPE n{n} nonsense\nx 1\n");
        }
        assert!(read(text.as_bytes()).complaints.len() <= MOST_COMPLAINTS);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(
            noise in proptest::collection::vec(any::<u8>(), 0..200),
            at in 0..GOOD.len(),
            cut in 0..60usize,
        ) {
            let end = (at + cut).min(GOOD.len());
            let text = [&GOOD.as_bytes()[..at], &noise, &GOOD.as_bytes()[end..]].concat();
            let once = shown(text);
            prop_assert_eq!(&shown(once.clone()), &once, "what was shown can be read");
        }
    }
}
