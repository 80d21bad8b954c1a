//! `#[derive(LabelSet)]`: the labels of one family.

mod expand;
mod parse;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::errors::Errors;
use crate::fallback;

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let set = parse::parse(input, &mut errors);
    let code = match (&set, errors.is_empty()) {
        (Some(set), true) => expand::expand(set),
        (Some(set), false) => fallback::label_set(&set.ident, &set.private),
        (None, _) => TokenStream::new(),
    };
    quote!(#errors #code)
}
