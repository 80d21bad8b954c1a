//! The labels of an attribute → the place in the library where its work begins.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::{Expr, ExprLit, Lit};

use super::function::Function;
use super::table::{Attribute, Label, Presence, Value};
use crate::args::{Arg, Args, Private};
use crate::errors::Errors;

/// `Site::new(recorder, needed, …).optional(…)`: evaluated before the body takes its arguments.
pub(super) fn site(
    attribute: &Attribute,
    args: &mut Args,
    recorder: &TokenStream,
    private: &Private,
    function: &Function,
    errors: &mut Errors,
) -> TokenStream {
    // A key that was misread has had its message.
    let clean = errors.is_empty();
    let mut needed = vec![recorder.clone()];
    let mut optional = TokenStream::new();
    let written: Vec<Option<Arg>> = attribute
        .labels
        .iter()
        .map(|label| args.take(label.key.name))
        .collect();
    let given: Vec<&str> = attribute
        .labels
        .iter()
        .zip(&written)
        .filter_map(|(label, arg)| arg.as_ref().map(|_| label.key.name))
        .collect();
    for (label, arg) in attribute.labels.iter().zip(written) {
        let name = label.key.name;
        match (&label.presence, arg) {
            (Presence::Needed | Presence::Named, Some(arg)) => {
                needed.extend(label.value(arg, private, errors));
            }
            (Presence::Needed, None) if clean => errors.push(syn::Error::new(
                function.sig.ident.span(),
                format!("{}: {} is missing", attribute.needs, label.key.shown()),
            )),
            (Presence::Named, None) => {
                needed.push(function.sig.ident.unraw().to_string().to_token_stream());
            }
            (Presence::With(other), Some(arg)) if !given.contains(other) => errors.at(
                arg.key,
                format!("`{name}` names one of a kind: give `{other}` too"),
            ),
            (Presence::Optional | Presence::With(_), Some(arg)) => {
                let method = super::method(&arg);
                let value = label.value(arg, private, errors);
                optional.extend(quote!(.#method(#value)));
            }
            (Presence::Needed | Presence::Optional | Presence::With(_), None) => {}
        }
    }
    let site = format_ident!("{}", attribute.site);
    quote!(#private::#site::new(#(#needed),*) #optional)
}

impl Label {
    /// The value, checked as far as it can be read; an expression is left to its type.
    fn value(&self, arg: Arg, private: &Private, errors: &mut Errors) -> Option<TokenStream> {
        let name = self.key.name;
        let value = arg.expr()?;
        let Expr::Lit(ExprLit { lit, .. }) = &value else {
            return Some(value.into_token_stream());
        };
        match (&self.value, lit) {
            (Value::OneOf(closed), Lit::Str(text)) => {
                return closed.variant(&self.key, text, private, errors);
            }
            (Value::Text, Lit::Str(text)) if !text.value().trim().is_empty() => {
                return Some(value.into_token_stream());
            }
            (Value::Text, Lit::Str(text)) => {
                let remedy = match self.presence {
                    Presence::Named => "leave it out to use the function's name",
                    Presence::Needed | Presence::Optional | Presence::With(_) => {
                        "a label without a text says nothing"
                    }
                };
                errors.at(text, format!("the {name} is empty; {remedy}"));
            }
            (Value::Text, other) => {
                errors.at(other, format!("`{name}` is a text: {}", self.key.shown()));
            }
            (Value::OneOf(closed), other) => errors.at(
                other,
                format!(
                    "`{name}` is {}, or a `{}`",
                    closed.expected(),
                    closed.name()
                ),
            ),
        }
        None
    }
}
