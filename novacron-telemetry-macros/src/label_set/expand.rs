//! From the description to code.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use super::parse::Set;

pub(super) fn expand(set: &Set, checked: bool) -> TokenStream {
    let Set {
        ident,
        private,
        labels,
        ..
    } = set;
    let twin = format_ident!("{ident}Ref");
    let names = labels.iter().map(|label| &label.name);
    let types = labels.iter().map(|label| &label.ty).collect::<Vec<_>>();
    let bounds = bounds(set);
    let checks = checked.then(|| checks(set));
    let twin_item = twin_item(set);
    let owned = key(
        set,
        &quote!(#ident),
        |value, field| quote!(#value::to_ref(&self.#field)),
    );
    let borrowed = key(set, &quote!(#twin<'_>), |_, field| quote!(self.#field));

    quote! {
        #checks

        #twin_item

        #[automatically_derived]
        #[allow(trivial_bounds)]
        impl #private::LabelSet for #ident
        where
            #bounds
        {
            const LABELS: &'static [#private::LabelDescriptor] = &[
                #(#private::LabelDescriptor::of::<#types>(#names)),*
            ];

            type Ref<'a> = #twin<'a>;
        }

        #owned

        #borrowed
    }
}

/// `Method: LabelValue, …`, stated on every item.
///
/// A field that is no label value is then one message, on its type: the bodies may rely on the
/// bound, and messages that say the same at the same place are shown once.
fn bounds(set: &Set) -> TokenStream {
    let private = &set.private;
    set.labels
        .iter()
        .map(|label| {
            let ty = &label.ty;
            let private = private.at(ty.span());
            quote_spanned!(ty.span()=> #ty: #private::LabelValue,)
        })
        .collect()
}

/// The rule that only the library knows: which names belong to Prometheus.
fn checks(set: &Set) -> TokenStream {
    let private = &set.private;
    let checks = set.labels.iter().map(|label| {
        let name = &label.name;
        let message = format!(
            "`{}` cannot be a label: `le`, `quantile`, `job`, `instance` and names that start \
             with `__` belong to Prometheus",
            name.value(),
        );
        quote_spanned!(name.span()=> ::core::assert!(#private::check::label(#name), #message);)
    });
    quote!(const _: () = { #(#checks)* };)
}

fn twin_item(set: &Set) -> TokenStream {
    let Set {
        vis,
        ident,
        private,
        labels,
    } = set;
    let twin = format_ident!("{ident}Ref");
    let doc = format!(
        "The borrowed twin of [`{ident}`]: the same labels, open ones as `&str`, so that looking a \
         series up clones no text."
    );
    let bounds = bounds(set);
    let fields = labels.iter().map(|label| {
        let (vis, field, ty) = (&label.vis, &label.ident, &label.ty);
        let doc = format!("The label `{}`.", label.name.value());
        quote! {
            #[doc = #doc]
            #vis #field: <#ty as #private::LabelValue>::Ref<'a>,
        }
    });
    quote! {
        #[doc = #doc]
        #[allow(dead_code, missing_debug_implementations, trivial_bounds)]
        #vis struct #twin<'a>
        where
            #bounds
        {
            #(#fields)*
        }

        // Not derived: a derive of its own would repeat what is said about a bad field.
        #[automatically_derived]
        #[allow(trivial_bounds)]
        impl ::core::clone::Clone for #twin<'_>
        where
            #bounds
        {
            fn clone(&self) -> Self {
                *self
            }
        }

        #[automatically_derived]
        #[allow(trivial_bounds)]
        impl ::core::marker::Copy for #twin<'_>
        where
            #bounds
        {
        }
    }
}

/// `impl LabelKey`, for the set or for its twin.
fn key(
    set: &Set,
    for_type: &TokenStream,
    value: impl Fn(&TokenStream, &syn::Ident) -> TokenStream,
) -> TokenStream {
    let Set {
        ident,
        private,
        labels,
        ..
    } = set;
    let count = labels.len();
    let bounds = bounds(set);
    let parts = labels.iter().map(|label| {
        let ty = &label.ty;
        let trait_ = quote!(<#ty as #private::LabelValue>);
        let value = value(&trait_, &label.ident);
        quote!(#trait_::part(#value))
    });
    let parts = parts.collect::<Vec<_>>();
    // The first label is the most significant. Wrapping: the number means nothing if a label is
    // open, and must not panic then.
    let index = labels
        .iter()
        .zip(&parts)
        .fold(quote!(0usize), |index, (label, part)| {
            let ty = &label.ty;
            let trait_ = quote!(<#ty as #private::LabelValue>);
            quote! {
                #index
                    .wrapping_mul(#trait_::CARDINALITY)
                    .wrapping_add(#private::Part::place(#part, #trait_::OPTIONAL))
            }
        });
    quote! {
        #[automatically_derived]
        #[allow(trivial_bounds)]
        impl #private::LabelKey<#ident> for #for_type
        where
            #bounds
        {
            type Parts<'p> = [#private::Part<'p>; #count]
            where
                Self: 'p;

            #[inline]
            fn parts(&self) -> Self::Parts<'_> {
                [#(#parts),*]
            }

            #[inline]
            fn index(&self) -> usize {
                #index
            }
        }
    }
}
