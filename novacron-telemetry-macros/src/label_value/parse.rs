//! From the item to a checked description.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Data, DataEnum, DataStruct, DeriveInput, Expr, ExprLit, Fields, Lit, LitStr, Type};

use crate::args::{Args, CRATE, Key, Private};
use crate::case::Case;
use crate::errors::{Errors, any_of};

pub(super) struct Value {
    pub(super) ident: Ident,
    pub(super) private: Private,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    Closed {
        variants: Vec<Variant>,
        ignore_case: bool,
    },
    Open {
        inner: Box<Type>,
        cap: u32,
    },
    /// An enum that has no texts, or endlessly many.
    Unusable,
}

pub(super) struct Variant {
    pub(super) ident: Ident,
    /// The text, with the span of what it was made from.
    pub(super) text: LitStr,
    pub(super) other: bool,
    /// `Variant = 7`: then the place is not the discriminant.
    pub(super) discriminant: bool,
}

const CLOSED: &[Key] = &[
    Key::value("rename_all", "rename_all = \"kebab-case\""),
    Key::flag("ignore_case"),
    CRATE,
];
const VARIANT: &[Key] = &[Key::value("rename", "rename = \"1m\""), Key::flag("other")];
const OPEN: &[Key] = &[Key::value("cap", "cap = 200"), CRATE];

/// More than this many texts under one label is not a label but a log.
const MAX_CAP: u32 = 100_000;

pub(super) fn parse(input: &DeriveInput, errors: &mut Errors) -> Option<Value> {
    if !input.generics.params.is_empty() {
        errors.at(
            &input.generics,
            "a label value cannot be generic: its domain is a constant of the type",
        );
        return None;
    }
    match &input.data {
        Data::Enum(data) => Some(closed(input, data, errors)),
        Data::Struct(DataStruct {
            fields: Fields::Unnamed(fields),
            ..
        }) => {
            if fields.unnamed.len() == 1 {
                return Some(open(input, &fields.unnamed[0].ty, errors));
            }
            errors.at(fields, "an open label value holds exactly one text");
            None
        }
        Data::Struct(data) => {
            errors.at(
                &input.ident,
                format!(
                    "{} is not a label value: write an enum (closed), or a newtype around text \
                     with `#[label(cap = …)]` (open)",
                    match data.fields {
                        Fields::Unit => "a struct without a text",
                        Fields::Named(_) | Fields::Unnamed(_) => "a struct with named fields",
                    }
                ),
            );
            None
        }
        Data::Union(data) => {
            errors.at(data.union_token, "a union cannot be a label value");
            None
        }
    }
}

fn closed(input: &DeriveInput, data: &DataEnum, errors: &mut Errors) -> Value {
    let mut args = Args::of_helper(&input.attrs, "label", CLOSED, errors);
    let private = args.private(errors);
    let ignore_case = args.flag("ignore_case");
    let case = args
        .take("rename_all")
        .and_then(|arg| arg.text(errors))
        .and_then(|name| {
            let case = Case::from_name(&name.value());
            if case.is_none() {
                let all = any_of(Case::ALL.iter().map(|(spelling, _)| *spelling));
                errors.at(&name, format!("unknown case; expected one of {all}"));
            }
            case
        })
        .unwrap_or(Case::Snake);
    let mut usable = !data.variants.is_empty();
    if !usable {
        errors.at(&input.ident, "an enum without variants has no text to show");
    }
    let mut variants: Vec<Variant> = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            usable = false;
            errors.at(
                &variant.fields,
                "a closed label value has no fields: nothing would bound the number of its texts",
            );
        }
        let mut args = Args::of_helper(&variant.attrs, "label", VARIANT, errors);
        let text = match args.take("rename").and_then(|arg| arg.text(errors)) {
            Some(text) => text,
            None => {
                let name = case.apply(&variant.ident.unraw().to_string());
                LitStr::new(&name, variant.ident.span())
            }
        };
        let other = args.take("other");
        if let Some(other) = &other
            && let Some(first) = variants.iter().find(|variant| variant.other)
        {
            errors.at(
                &other.key,
                format!(
                    "`{}` is already the variant for all other texts",
                    first.ident
                ),
            );
        }
        if let Some(first) = variants
            .iter()
            .find(|first| same(first, &text, ignore_case))
        {
            errors.at(
                &text,
                format!(
                    "`{}` is already the text of `{}`",
                    text.value(),
                    first.ident
                ),
            );
        }
        variants.push(Variant {
            ident: variant.ident.clone(),
            text,
            other: other.is_some(),
            discriminant: variant.discriminant.is_some(),
        });
    }
    Value {
        ident: input.ident.clone(),
        private,
        kind: if usable {
            Kind::Closed {
                variants,
                ignore_case,
            }
        } else {
            Kind::Unusable
        },
    }
}

fn same(first: &Variant, text: &LitStr, ignore_case: bool) -> bool {
    let (first, text) = (first.text.value(), text.value());
    first == text || ignore_case && first.eq_ignore_ascii_case(&text)
}

fn open(input: &DeriveInput, inner: &Type, errors: &mut Errors) -> Value {
    let mut args = Args::of_helper(&input.attrs, "label", OPEN, errors);
    let private = args.private(errors);
    let clean = errors.is_empty();
    let cap = args.take("cap").and_then(|arg| cap(arg.expr(), errors));
    if cap.is_none() && clean && errors.is_empty() {
        errors.push(syn::Error::new(
            input.ident.span(),
            "an open label value states how many different texts a family keeps: \
             `#[label(cap = 200)]`",
        ));
    }
    Value {
        ident: input.ident.clone(),
        private,
        kind: Kind::Open {
            inner: Box::new(inner.clone()),
            cap: cap.unwrap_or(1),
        },
    }
}

fn cap(value: Option<Expr>, errors: &mut Errors) -> Option<u32> {
    let cap = match &value {
        Some(Expr::Lit(ExprLit {
            lit: Lit::Int(cap), ..
        })) => cap.base10_parse().ok(),
        _ => None,
    };
    let Some(cap @ 1..=MAX_CAP) = cap else {
        let span = value.map_or_else(proc_macro2::Span::call_site, |value| value.span());
        errors.push(syn::Error::new(
            span,
            format!("`cap` is a whole number from 1 to {MAX_CAP}: how many texts a family keeps"),
        ));
        return None;
    };
    Some(cap)
}
