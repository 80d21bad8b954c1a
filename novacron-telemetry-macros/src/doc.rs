//! Doc comment → help text.

use crate::args::ungrouped;
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The first paragraph of the doc comment, on one line; `None` if there is no doc comment.
pub(crate) fn help(attrs: &[Attribute]) -> Option<String> {
    let mut words = Vec::new();
    'paragraph: for text in attrs.iter().filter_map(doc) {
        for line in text.lines() {
            // A block comment may draw its left edge with stars.
            let line = line.trim().trim_start_matches("* ").trim();
            if line.is_empty() || line == "*" {
                if words.is_empty() {
                    continue;
                }
                break 'paragraph;
            }
            words.push(line.to_owned());
        }
        // `///` alone: an attribute with an empty text has no lines.
        if text.trim().is_empty() && !words.is_empty() {
            break;
        }
    }
    (!words.is_empty()).then(|| words.join(" "))
}

fn doc(attr: &Attribute) -> Option<String> {
    let Meta::NameValue(meta) = &attr.meta else {
        return None;
    };
    if !meta.path.is_ident("doc") {
        return None;
    }
    match ungrouped(meta.value.clone()) {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::{Field, parse_quote};

    fn of(field: &Field) -> Option<String> {
        help(&field.attrs)
    }

    #[test]
    fn the_first_paragraph_becomes_one_line() {
        let field: Field = parse_quote! {
            /// Requests that ended,
            /// by how they ended.
            ///
            /// A longer story that nobody scrapes.
            requests_total: Counter
        };
        assert_eq!(
            of(&field).as_deref(),
            Some("Requests that ended, by how they ended.")
        );
    }

    #[test]
    fn a_block_comment_may_have_a_left_edge() {
        let field: Field = parse_quote! {
            /**
             * Requests that ended,
             * by how.
             *
             * More.
             */
            requests_total: Counter
        };
        assert_eq!(of(&field).as_deref(), Some("Requests that ended, by how."));
    }

    #[test]
    fn no_comment_and_an_empty_one_are_alike() {
        let bare: Field = parse_quote!(requests_total: Counter);
        let empty: Field = parse_quote! {
            ///
            requests_total: Counter
        };
        assert_eq!((of(&bare), of(&empty)), (None, None));
    }
}
