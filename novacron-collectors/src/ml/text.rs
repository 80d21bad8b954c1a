//! Prometheus's text format, as strictly as Prometheus reads it.

use super::sample::{LONGEST_TEXT, MOST_LABELS, MOST_SAMPLES, Sample, Wrong, is_name, number};

/// The samples of an exposition. One line that is wrong makes all of it wrong: a part of an answer
/// is not known to be true.
pub(super) fn parse(text: &str) -> Result<Vec<Sample>, Wrong> {
    if !text.is_empty() && !text.ends_with('\n') {
        return Err(Wrong::Malformed("the last line has no end".to_owned()));
    }
    let mut samples = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim_matches([' ', '\t']);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if samples.len() == MOST_SAMPLES {
            return Err(Wrong::TooMany);
        }
        let sample = sample(line);
        samples.push(sample.ok_or_else(|| Wrong::Malformed(format!("line {}", at + 1)))?);
    }
    Ok(samples)
}

fn sample(line: &str) -> Option<Sample> {
    let end = line.find(['{', ' ', '\t'])?;
    let (name, rest) = line.split_at(end);
    if !is_name(name, true) {
        return None;
    }
    let mut labels = Vec::new();
    let rest = match rest.strip_prefix('{') {
        Some(rest) => label_set(rest, &mut labels)?,
        None => rest,
    };
    let mut words = rest.split_ascii_whitespace();
    let value = number(words.next()?)?;
    // A time may follow, in milliseconds; nothing after it.
    if let Some(time) = words.next() {
        crate::text::number::<i64>(time)?;
    }
    if words.next().is_some() {
        return None;
    }
    Some(Sample {
        name: name.to_owned(),
        labels,
        value,
    })
}

/// Reads `a="b",c="d"}`; returns what follows.
fn label_set<'a>(mut rest: &'a str, labels: &mut Vec<(String, String)>) -> Option<&'a str> {
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        // Also after a comma.
        if let Some(after) = rest.strip_prefix('}') {
            return Some(after);
        }
        let (name, after) = rest.split_once('=')?;
        let name = name.trim_end_matches([' ', '\t']);
        let again = labels.iter().any(|(known, _)| known == name);
        if !is_name(name, false) || again || labels.len() == MOST_LABELS {
            return None;
        }
        let (value, after) = quoted(after.trim_start_matches([' ', '\t']))?;
        labels.push((name.to_owned(), value));
        rest = after.trim_start_matches([' ', '\t']);
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None if rest.starts_with('}') => {}
            None => return None,
        }
    }
}

/// A text in quotes, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix('"')?;
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                c @ ('\\' | '"') => c,
                _ => return None,
            }),
            c => value.push(c),
        }
        if value.len() > LONGEST_TEXT {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Option<Sample> {
        parse(&format!("{line}\n")).ok()?.pop()
    }

    #[test]
    fn lines_are_read_as_prometheus_reads_them() {
        let sample = one(r#"ml_x { a = "b" } 1"#);
        assert_eq!(sample, None, "a name and its labels are one word");
        let sample = one(r#"ml_x{ a = "b\"\\\n" , c="{}=," , } 1.5e3 1700000000000"#).unwrap();
        assert_eq!((sample.name.as_str(), sample.value), ("ml_x", 1500.0));
        let expected = [("a", "b\"\\\n"), ("c", "{}=,")];
        assert_eq!(
            sample.labels,
            expected.map(|(a, b)| (a.to_owned(), b.to_owned()))
        );
        assert_eq!(one("ml:x +Inf").unwrap().value, f64::INFINITY);
        assert!(one("x{} NaN").unwrap().value.is_nan());
        let text = "# HELP x y\n# TYPE x gauge\n\n  x 1  \n# EOF\n";
        assert_eq!(parse(text).unwrap().len(), 1);
        assert_eq!(parse(""), Ok(Vec::new()));
    }

    #[test]
    fn what_is_not_the_format_is_refused() {
        for bad in [
            "x",
            "x{} ",
            "x{a=\"b\"}",
            "x 1 2 3",
            "x 1 2.5",
            "x infinity",
            "x 0x10",
            "x 1_000",
            "x 1e999",
            "1x 1",
            "x{a=\"b} 1",
            "x{a=b} 1",
            "x{a=\"b\"c=\"d\"} 1",
            "x{a=\"b\",a=\"c\"} 1",
            "x{1=\"b\"} 1",
            "x{a=\"\\q\"} 1",
            "x{a=\"b\" 1",
            "x{,} 1",
        ] {
            assert_eq!(one(bad), None, "{bad}");
        }
        assert!(parse("x 1").is_err(), "the line may have gone on");
        let long = format!("x{{a=\"{}\"}} 1", "b".repeat(LONGEST_TEXT + 1));
        assert_eq!(one(&long), None);
        assert_eq!(
            parse(&"x 1\n".repeat(MOST_SAMPLES + 1)),
            Err(Wrong::TooMany)
        );
    }
}
