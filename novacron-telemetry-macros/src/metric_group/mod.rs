//! `#[derive(MetricGroup)]`: a struct of handles, each field one family.

mod check;
mod expand;
mod parse;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::errors::Errors;

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let group = parse::parse(input, &mut errors);
    // Also after a mistake, so that whatever uses the item is not reported too; but then without
    // the rules, which would say the same again.
    let code = group.map(|group| expand::expand(&group, errors.is_empty()));
    quote!(#errors #code)
}
