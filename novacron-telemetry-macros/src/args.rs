//! `key = value` lists: known keys, duplicates, commas.
//!
//! The attributes of the derives and the arguments of the attributes share this one grammar, so a
//! slip is explained in the same words wherever it is made.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitStr, Meta, Path, Token};

use crate::errors::{Errors, any_of};

/// A key that a list may hold.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// How a value is written; a flag has none.
    example: Option<&'static str>,
}

impl Key {
    /// A key with a value; the example ends up in messages.
    pub(crate) const fn value(name: &'static str, example: &'static str) -> Self {
        Self {
            name,
            example: Some(example),
        }
    }

    /// A key with a value, by the example alone: `name = value`.
    pub(crate) const fn shown_as(example: &'static str) -> Self {
        let mut end = 0;
        while example.as_bytes()[end] != b' ' {
            end += 1;
        }
        Self::value(example.split_at(end).0, example)
    }

    /// How it is written, for messages.
    pub(crate) fn shown(&self) -> String {
        format!("`{}`", self.example.unwrap_or(self.name))
    }

    /// A key that stands alone.
    pub(crate) const fn flag(name: &'static str) -> Self {
        Self {
            name,
            example: None,
        }
    }
}

/// Every macro takes this one: where the library is, if not at `::novacron_telemetry`.
pub(crate) const CRATE: Key = Key::value("crate", "crate = my_reexport::novacron_telemetry");

/// One entry of a list.
pub(crate) struct Arg {
    pub(crate) key: Ident,
    value: Option<Expr>,
}

/// A list as it was written, each known key at most once.
#[derive(Default)]
pub(crate) struct Args(Vec<Arg>);

impl Args {
    /// Reads the arguments of an attribute macro.
    pub(crate) fn of_macro(tokens: TokenStream, known: &[Key], errors: &mut Errors) -> Self {
        let mut args = Self::default();
        args.read(tokens, known, errors);
        args
    }

    /// Reads every `#[name(…)]` among `attrs`.
    pub(crate) fn of_helper(
        attrs: &[Attribute],
        name: &str,
        known: &[Key],
        errors: &mut Errors,
    ) -> Self {
        let mut args = Self::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident(name)) {
            match &attr.meta {
                Meta::List(list) => args.read(list.tokens.clone(), known, errors),
                Meta::Path(_) | Meta::NameValue(_) => errors.at(
                    &attr.meta,
                    format!("expected `#[{name}(…)]` with {}", names(known)),
                ),
            }
        }
        args
    }

    /// Takes an entry out, if it was written.
    pub(crate) fn take(&mut self, name: &str) -> Option<Arg> {
        let at = self.0.iter().position(|arg| arg.key == name)?;
        Some(self.0.swap_remove(at))
    }

    /// Whether a flag was written.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        self.take(name).is_some()
    }

    /// `crate = …`, as the path of what macros may call.
    pub(crate) fn private(&mut self, errors: &mut Errors) -> Private {
        let path = self.take("crate").and_then(|arg| arg.path(errors));
        Private(path)
    }

    fn read(&mut self, tokens: TokenStream, known: &[Key], errors: &mut Errors) {
        let parser = |input: ParseStream<'_>| {
            while !input.is_empty() {
                if let Err(error) = self.entry(input, known, errors) {
                    errors.push(error);
                    skip_to_comma(input);
                }
                if input.is_empty() {
                    break;
                }
                if input.peek(Token![,]) {
                    input.parse::<Token![,]>()?;
                } else {
                    errors.push(input.error("expected `,` between arguments"));
                    skip_to_comma(input);
                }
            }
            Ok(())
        };
        // The parser notes every mistake itself and consumes everything.
        let _: syn::Result<()> = parser.parse2(tokens);
    }

    fn entry(
        &mut self,
        input: ParseStream<'_>,
        known: &[Key],
        errors: &mut Errors,
    ) -> syn::Result<()> {
        let Ok(key) = input.call(Ident::parse_any) else {
            return Err(input.error(format!("expected a key: {}", names(known))));
        };
        let Some(Key { example, .. }) = known.iter().find(|known| key == known.name) else {
            skip_to_comma(input);
            return Err(syn::Error::new(
                key.span(),
                format!("unknown argument `{key}`; expected {}", names(known)),
            ));
        };
        if self.0.iter().any(|arg| arg.key == key) {
            skip_to_comma(input);
            return Err(syn::Error::new(
                key.span(),
                format!("`{key}` is given twice"),
            ));
        }
        let value = match (example, input.peek(Token![=])) {
            (None, false) => None,
            (None, true) => {
                return Err(input.error(format!("`{key}` stands alone; it has no value")));
            }
            (Some(example), false) => {
                return Err(syn::Error::new(
                    key.span(),
                    format!("`{key}` needs a value: `{example}`"),
                ));
            }
            (Some(example), true) => {
                let equals: Token![=] = input.parse()?;
                if input.is_empty() || input.peek(Token![,]) {
                    return Err(syn::Error::new_spanned(
                        equals,
                        format!("`{key}` needs a value: `{example}`"),
                    ));
                }
                match input.parse() {
                    Ok(value) => Some(ungrouped(value)),
                    Err(error) => {
                        errors.push(error);
                        skip_to_comma(input);
                        return Ok(());
                    }
                }
            }
        };
        self.0.push(Arg { key, value });
        Ok(())
    }
}

impl Arg {
    /// The value as it was written.
    pub(crate) fn expr(self) -> Option<Expr> {
        self.value
    }

    /// The value, which has to be a string literal.
    pub(crate) fn text(self, errors: &mut Errors) -> Option<LitStr> {
        match self.value {
            Some(Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            })) => Some(text),
            other => {
                errors.at(other, format!("`{}` is a text: `{0} = \"…\"`", self.key));
                None
            }
        }
    }

    /// The value, which has to be a path.
    pub(crate) fn path(self, errors: &mut Errors) -> Option<Path> {
        match self.value {
            Some(Expr::Path(path)) if path.qself.is_none() => Some(path.path),
            other => {
                errors.at(other, format!("`{}` is a path", self.key));
                None
            }
        }
    }
}

/// The path of what macros may call.
pub(crate) struct Private(Option<Path>);

impl Private {
    /// The same path, standing where the user wrote something else: what does not fit is reported
    /// there.
    pub(crate) fn at(&self, span: Span) -> TokenStream {
        let Some(path) = &self.0 else {
            return quote_spanned!(span=> ::novacron_telemetry::__private);
        };
        // A path that a `macro_rules` wrote is only understood with its own hygiene.
        let tokens = quote_spanned!(span=> #path::__private).into_iter();
        tokens
            .map(|mut token| {
                token.set_span(token.span().located_at(span));
                token
            })
            .collect()
    }
}

impl ToTokens for Private {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        // `call_site`, so that a missing dependency is reported on the macro and not in it.
        let private = Ident::new("__private", Span::call_site());
        tokens.extend(match &self.0 {
            Some(path) => quote!(#path::#private),
            None => quote!(::novacron_telemetry::#private),
        });
    }
}

/// What a `macro_rules` passes on arrives in invisible groups.
pub(crate) fn ungrouped(expr: Expr) -> Expr {
    match expr {
        Expr::Group(group) => ungrouped(*group.expr),
        expr => expr,
    }
}

fn names(known: &[Key]) -> String {
    match known {
        [only] => format!("`{}`", only.name),
        _ => format!("one of {}", any_of(known.iter().map(|key| key.name))),
    }
}

fn skip_to_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        // Not empty, so there is a token tree.
        let _: syn::Result<TokenTree> = input.parse();
    }
}
