//! From the description to code.

use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::parse::{Kind, Value, Variant};

pub(super) fn expand(value: &Value, checked: bool) -> TokenStream {
    match &value.kind {
        Kind::Closed {
            variants,
            ignore_case,
        } => {
            let checks = checked.then(|| checks(value, variants));
            let closed = closed(value, variants, *ignore_case);
            quote!(#checks #closed)
        }
        Kind::Open { inner, cap } => open(value, inner, *cap),
        Kind::Unusable => stand_in(value),
    }
}

/// The rules for texts, each on the text it is about.
fn checks(value: &Value, variants: &[Variant]) -> TokenStream {
    let Value { ident, private, .. } = value;
    let texts = variants.iter().map(|variant| &variant.text);
    let message = format!("`{ident}`: a closed label value has 1 to 1024 texts");
    let checks = variants.iter().map(|variant| {
        let text = &variant.text;
        let message = format!(
            "the text of `{}` is empty or holds a quote, a backslash or a control character",
            variant.ident
        );
        quote_spanned! {text.span()=>
            ::core::assert!(#private::check::closed_texts(&[#text]), #message);
        }
    });
    quote! {
        const _: () = {
            #(#checks)*
            ::core::assert!(#private::check::closed_texts(&[#(#texts),*]), #message);
        };
    }
}

fn closed(value: &Value, variants: &[Variant], ignore_case: bool) -> TokenStream {
    let Value { ident, private, .. } = value;
    let names = variants
        .iter()
        .map(|variant| &variant.ident)
        .collect::<Vec<_>>();
    let texts = variants
        .iter()
        .map(|variant| &variant.text)
        .collect::<Vec<_>>();
    let place = if variants.iter().any(|variant| variant.discriminant) {
        let places = (0..variants.len()).map(Literal::usize_unsuffixed);
        quote!(match value { #(Self::#names => #places,)* })
    } else {
        quote!(value as u32)
    };
    let parse = if ignore_case {
        quote! {
            #(if text.eq_ignore_ascii_case(#texts) {
                return ::core::option::Option::Some(Self::#names);
            })*
            ::core::option::Option::None
        }
    } else {
        quote! {
            // Two variants of one text are a mistake with a message of its own.
            #[allow(unreachable_patterns)]
            match text {
                #(#texts => ::core::option::Option::Some(Self::#names),)*
                _ => ::core::option::Option::None,
            }
        }
    };
    let ignoring = if ignore_case {
        ", whatever its case"
    } else {
        ""
    };
    let parse_doc = format!("The value of this text{ignoring}, if there is one.");
    let from = variants
        .iter()
        .find(|variant| variant.other)
        .map(|other| from_text(value, other));
    // Stated on every impl, so that a missing `Copy` is one message, on the name of the enum.
    let copy = quote_spanned!(ident.span()=> #ident: ::core::marker::Copy);

    quote! {
        #[automatically_derived]
        #[allow(trivial_bounds)]
        impl #private::LabelValue for #ident
        where
            #copy,
        {
            const DOMAIN: #private::Domain = #private::Domain::Closed(&[#(#texts),*]);

            type Ref<'a> = Self;

            #[inline]
            fn to_ref(&self) -> Self {
                *self
            }

            #[inline]
            fn part(value: Self::Ref<'_>) -> #private::Part<'_> {
                #private::Part::Index(#place)
            }
        }

        #[allow(dead_code)]
        impl #ident {
            /// Every value, in the order of the declaration.
            pub const ALL: &'static [Self] = &[#(Self::#names),*];

            /// The text that is scraped.
            #[inline]
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    #(Self::#names => #texts,)*
                }
            }

            #[doc = #parse_doc]
            #[must_use]
            pub fn parse(text: &str) -> ::core::option::Option<Self> {
                #parse
            }
        }

        #[automatically_derived]
        #[allow(trivial_bounds)]
        impl ::core::fmt::Display for #ident
        where
            #copy,
        {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(Self::as_str(*self))
            }
        }

        #from
    }
}

fn from_text(value: &Value, other: &Variant) -> TokenStream {
    let Value { ident, .. } = value;
    let other = &other.ident;
    quote! {
        /// The value of this text, or the one that stands for all others.
        #[automatically_derived]
        impl ::core::convert::From<&str> for #ident {
            fn from(text: &str) -> Self {
                Self::parse(text).unwrap_or(Self::#other)
            }
        }
    }
}

fn open(value: &Value, inner: &Type, cap: u32) -> TokenStream {
    let Value { ident, private, .. } = value;
    // Stated on every impl, so that what cannot hold a text is told once, on the type.
    let private_there = private.at(inner.span());
    let text = quote_spanned!(inner.span()=> #inner: #private_there::OpenText);
    let as_str = quote!(<#inner as ::core::convert::AsRef<str>>::as_ref(&self.0));
    let from = quote!(<#inner as ::core::convert::From<::std::string::String>>::from);
    quote! {
        #[automatically_derived]
        #[allow(trivial_bounds)]
        impl #private::LabelValue for #ident
        where
            #text,
        {
            const DOMAIN: #private::Domain = #private::Domain::Open { cap: #cap };

            type Ref<'a> = &'a str;

            #[inline]
            fn to_ref(&self) -> &str {
                #as_str
            }

            #[inline]
            fn part(value: Self::Ref<'_>) -> #private::Part<'_> {
                #private::Part::Text(value)
            }
        }

        #[allow(dead_code, trivial_bounds)]
        impl #ident
        where
            #text,
        {
            /// The text as it was given; a family may store it shortened.
            #[inline]
            #[must_use]
            pub fn as_str(&self) -> &str {
                #as_str
            }
        }

        #[automatically_derived]
        #[allow(trivial_bounds)]
        impl ::core::convert::From<&str> for #ident
        where
            #text,
        {
            fn from(text: &str) -> Self {
                Self(#from(::std::string::String::from(text)))
            }
        }

        #[automatically_derived]
        #[allow(trivial_bounds)]
        impl ::core::convert::From<::std::string::String> for #ident
        where
            #text,
        {
            fn from(text: ::std::string::String) -> Self {
                Self(#from(text))
            }
        }

        #[automatically_derived]
        #[allow(trivial_bounds)]
        impl ::core::convert::From<&::std::string::String> for #ident
        where
            #text,
        {
            fn from(text: &::std::string::String) -> Self {
                Self(#from(::std::string::String::clone(text)))
            }
        }

        #[automatically_derived]
        #[allow(trivial_bounds)]
        impl ::core::convert::AsRef<str> for #ident
        where
            #text,
        {
            fn as_ref(&self) -> &str {
                #as_str
            }
        }

        #[automatically_derived]
        #[allow(trivial_bounds)]
        impl ::core::fmt::Display for #ident
        where
            #text,
        {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(#as_str)
            }
        }
    }
}

/// What an enum implements whose variants make no sense: whatever uses it is not reported too.
fn stand_in(value: &Value) -> TokenStream {
    let Value { ident, private, .. } = value;
    let clone = quote_spanned!(ident.span()=> #ident: ::core::clone::Clone);
    quote! {
        #[automatically_derived]
        #[allow(trivial_bounds)]
        impl #private::LabelValue for #ident
        where
            #clone,
        {
            const DOMAIN: #private::Domain = #private::Domain::Closed(&[]);

            type Ref<'a> = ();

            fn to_ref(&self) {}

            fn part((): Self::Ref<'_>) -> #private::Part<'_> {
                #private::Part::Absent
            }
        }
    }
}
