//! `#[derive(MetricGroup)]`: a struct of handles, each field one family.

mod check;
mod expand;
mod parse;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::errors::Errors;
use crate::fallback;

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let group = parse::parse(input, &mut errors);
    let code = match (&group, errors.is_empty()) {
        (Some(group), true) => expand::expand(group),
        (Some(group), false) => fallback::metric_group(&group.ident, &group.private),
        (None, _) => TokenStream::new(),
    };
    quote!(#errors #code)
}
