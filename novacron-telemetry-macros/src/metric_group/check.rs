//! The rules: what the macro sees is its own message, the rest is asserted in the expansion.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::LitStr;

use super::parse::{Family, Group};
use crate::case;
use crate::errors::Errors;

/// How a group's names begin.
pub(super) fn prefix(prefix: &LitStr, errors: &mut Errors) {
    let text = prefix.value();
    if !case::is_snake(&text) || text.starts_with('_') || text.ends_with('_') {
        errors.at(
            prefix,
            "a prefix is snake_case, starts with a letter and does not end in `_`: \
             `prefix = \"acme_billing\"`",
        );
    }
}

/// What a field shows without knowing types.
pub(super) fn family(family: &Family, earlier: &[Family], errors: &mut Errors) {
    let name = family.name.value();
    // A bad prefix has had its message.
    let own = match family.literal {
        Some(_) => name.clone(),
        None => family.ident.to_string().trim_start_matches("r#").to_owned(),
    };
    if !case::is_snake(&own) || own.starts_with('_') {
        errors.at(
            &family.name,
            format!("`{own}`: a metric is named in snake_case: `a` to `z`, digits, `_`"),
        );
    }
    if let Some(first) = earlier.iter().find(|first| first.name.value() == name) {
        errors.at(
            &family.name,
            format!("`{name}` is already the name of `{}`", first.ident),
        );
    }
}

/// The rules that the library knows, as constants that do not evaluate if one is broken. Each is
/// reported on the field.
pub(super) fn assertions(group: &Group) -> TokenStream {
    let Group {
        ident,
        private,
        families,
    } = group;
    families
        .iter()
        .enumerate()
        .map(|(at, family)| {
            let name = family.name.value();
            let span = family.ident.span();
            let private = private.at(span);
            let rules = rules(family, &private).into_iter().map(|(holds, message)| {
                let message = format!("`{name}`: {message}");
                quote_spanned!(span=> ::core::assert!(#holds, #message);)
            });
            // One constant per field: they are many, and the compiler pays for items.
            // The probe finds no families if a field is no instrument, which has its own message.
            quote_spanned! {span=>
                const _: () = {
                    #[allow(unused_imports)]
                    use #private::Unknown as _;
                    let families = #private::Probe::<#ident>::DESCRIPTORS;
                    if #at < families.len() {
                        let family = &families[#at];
                        #(#rules)*
                    }
                };
            }
        })
        .collect()
}

/// Each rule as a constant expression over `family`, with what to say if it does not hold.
fn rules(family: &Family, private: &TokenStream) -> Vec<(TokenStream, &'static str)> {
    // The calls stand where the field does, so that it is what a broken rule points to.
    let span = family.ident.span();
    let check = quote_spanned!(span=> #private::check);
    let mut rules = vec![
        (
            quote_spanned!(span=> #check::name(family.name)),
            "a name starts with a letter and has at most 200 characters",
        ),
        (
            quote_spanned!(span=> #check::help(family.help)),
            "the doc comment becomes the HELP text and starts with a capital",
        ),
        (
            quote_spanned!(span=> #check::labels(family.labels)),
            "at most 32 labels, none of them named twice or reserved by Prometheus",
        ),
        (
            quote_spanned!(span=> #check::bounds(family.buckets)),
            "bounds are finite, strictly ascending and at most 64",
        ),
        (
            quote_spanned!(span=> #check::bounds_fit(family.kind, family.buckets)),
            match family.buckets {
                Some(_) => "only a histogram has `buckets`",
                None => "a histogram states its bounds: `#[metric(buckets = buckets::HTTP)]`",
            },
        ),
    ];
    if family.exemplars {
        rules.push((
            quote_spanned!(span=> ::core::matches!(family.kind, #private::Kind::Histogram)),
            "only a histogram keeps `exemplars`",
        ));
    }
    // A promised name is as it was promised.
    if family.literal.is_none() {
        rules.extend([
            (
                quote_spanned!(span=> #check::total_suffix(family.name, family.kind)),
                "counters end in `_total`, and only counters do",
            ),
            (
                quote_spanned!(span=> #check::unit_suffix(family.name, family.unit)),
                match family.unit {
                    Some(_) => "a name ends in its unit (before `_total`)",
                    None => "a name that ends in a unit says so: `#[metric(unit = …)]`",
                },
            ),
            (
                quote_spanned!(span=> #check::plain_words(family.name)),
                "no type, no abbreviation, no multiple of a unit, and not `_count`, `_sum` or \
                 `_bucket`, which histograms use",
            ),
        ]);
    }
    rules
}
