//! `VariantName` → `variant_name`, and the other ways to write it.

/// How the texts of an enum are made from the names of its variants.
#[derive(Clone, Copy)]
pub(crate) enum Case {
    Snake,
    ScreamingSnake,
    Kebab,
    Camel,
    Pascal,
    Lower,
    Upper,
    Title,
}

impl Case {
    /// Every case, spelled in itself.
    pub(crate) const ALL: [(&'static str, Case); 8] = [
        ("snake_case", Case::Snake),
        ("SCREAMING_SNAKE_CASE", Case::ScreamingSnake),
        ("kebab-case", Case::Kebab),
        ("camelCase", Case::Camel),
        ("PascalCase", Case::Pascal),
        ("lowercase", Case::Lower),
        ("UPPERCASE", Case::Upper),
        ("Title Case", Case::Title),
    ];

    /// The case of this spelling.
    pub(crate) fn from_name(name: &str) -> Option<Case> {
        Self::ALL
            .iter()
            .find_map(|(spelling, case)| (*spelling == name).then_some(*case))
    }

    /// Writes the name of a variant in this case.
    pub(crate) fn apply(self, name: &str) -> String {
        let words = words(name);
        match self {
            Case::Snake => words.join("_"),
            Case::ScreamingSnake => words.join("_").to_uppercase(),
            Case::Kebab => words.join("-"),
            Case::Lower => words.concat(),
            Case::Upper => words.concat().to_uppercase(),
            Case::Pascal => words.iter().map(|word| capital(word)).collect(),
            Case::Title => words
                .iter()
                .map(|word| capital(word))
                .collect::<Vec<_>>()
                .join(" "),
            Case::Camel => {
                let pascal = Case::Pascal.apply(name);
                let mut chars = pascal.chars();
                chars.next().map_or(pascal.clone(), |first| {
                    first.to_lowercase().chain(chars).collect()
                })
            }
        }
    }
}

/// The words of a name in lower case. A run of capitals is one word: `HTTPServer` → `http`, `server`.
fn words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (at, &c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| chars[before]);
        let starts = c.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_ascii_digit()
                    || chars.get(at + 1).is_some_and(|after| after.is_lowercase())
            });
        if c == '_' || starts {
            words.push(String::new());
        }
        if c != '_' {
            // UNWRAP: there is always a last word, the list starts with one.
            words.last_mut().unwrap().extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

/// Whether a text can be (part of) a name that is scraped.
pub(crate) fn is_snake(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && text
            .chars()
            .all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_split_where_a_reader_would_split_it() {
        for (name, snake) in [
            ("Get", "get"),
            ("NotFound", "not_found"),
            ("HTTPServer", "http_server"),
            ("ServerHTTP", "server_http"),
            ("Ipv4Address", "ipv4_address"),
            ("Http2Stream", "http2_stream"),
            ("P99", "p99"),
            ("Already_Snake", "already_snake"),
        ] {
            assert_eq!(Case::Snake.apply(name), snake);
        }
    }

    #[test]
    fn every_case_writes_itself() {
        for (spelling, case) in Case::ALL {
            let name = match case {
                Case::ScreamingSnake => "ScreamingSnakeCase",
                Case::Lower => "Lowercase",
                Case::Upper => "Uppercase",
                Case::Snake => "SnakeCase",
                Case::Kebab => "KebabCase",
                Case::Camel => "CamelCase",
                Case::Pascal => "PascalCase",
                Case::Title => "TitleCase",
            };
            assert_eq!(case.apply(name), spelling);
        }
    }
}
