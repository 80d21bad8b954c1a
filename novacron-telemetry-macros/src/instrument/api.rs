//! Arguments and call of `#[instrument_api]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Expr, ExprLit, Lit};

use super::function::Function;
use super::shape::Shape;
use super::{Call, ERROR, OUTCOME, TELEMETRY, classify, recorder};
use crate::args::{Arg, Args, CRATE, Key, Private};
use crate::errors::{Errors, any_of};

pub(super) const KEYS: &[Key] = &[
    Key::value("endpoint", "endpoint = \"/api/v1/vms/{id}\""),
    Key::value("method", "method = \"GET\""),
    ERROR,
    OUTCOME,
    TELEMETRY,
    CRATE,
];

/// The methods of the `method` label, but for the one that stands for all others.
const METHODS: [&str; 9] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT",
];

pub(super) fn call(
    mut args: Args,
    function: &Function,
    shape: &Shape,
    errors: &mut Errors,
) -> Call {
    let private = args.private(errors);
    let recorder = recorder(&mut args, &private);
    let endpoint = match args.take("endpoint") {
        Some(arg) => endpoint(arg, errors),
        None => {
            let name = function.sig.ident.unraw().to_string();
            quote!(#name)
        }
    };
    let method = match args
        .take("method")
        .and_then(|arg| method(arg, &private, errors))
    {
        Some(method) => quote!(::core::option::Option::Some(#method)),
        None => quote!(::core::option::Option::None),
    };
    let classify = classify(&mut args, &private, shape, errors);
    Call {
        future: "api_future",
        sync: "api_sync",
        arguments: vec![
            recorder,
            quote!(#private::ApiSite::new(#endpoint, #method)),
            classify,
        ],
        private,
    }
}

/// A text, or an expression that is one.
fn endpoint(arg: Arg, errors: &mut Errors) -> TokenStream {
    let value = arg.expr();
    if let Some(Expr::Lit(ExprLit { lit, .. })) = &value {
        match lit {
            Lit::Str(text) => {
                if text.value().trim().is_empty() {
                    let message = "the endpoint is empty; leave it out to use the function's name";
                    errors.at(text, message);
                }
            }
            other => errors.at(other, "`endpoint` is a text: the template of the route"),
        }
    }
    quote!(#value)
}

fn method(arg: Arg, private: &Private, errors: &mut Errors) -> Option<TokenStream> {
    let text = arg.text(errors)?;
    let written = text.value();
    let capitals = written.to_ascii_uppercase();
    if METHODS.contains(&written.as_str()) {
        let (first, rest) = written.split_at(1);
        let variant = format_ident!("{first}{}", rest.to_ascii_lowercase(), span = text.span());
        return Some(quote_spanned!(text.span()=> #private::Method::#variant));
    }
    if METHODS.contains(&capitals.as_str()) {
        errors.at(
            &text,
            format!("a method is written in capitals: `method = \"{capitals}\"`"),
        );
    } else {
        errors.at(
            &text,
            format!("unknown method; expected one of {}", any_of(METHODS)),
        );
    }
    None
}
