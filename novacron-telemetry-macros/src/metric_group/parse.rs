//! From the item to a checked description.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::{Data, DataStruct, DeriveInput, Expr, ExprLit, Field, Fields, Lit, LitStr, Type};

use super::check;
use crate::args::{Arg, Args, CRATE, Key, Private};
use crate::doc;
use crate::errors::{Errors, any_of};

pub(super) struct Group {
    pub(super) ident: Ident,
    pub(super) private: Private,
    pub(super) families: Vec<Family>,
}

pub(super) struct Family {
    pub(super) ident: Ident,
    pub(super) ty: Type,
    /// The whole name, with the span of what it was made from.
    pub(super) name: LitStr,
    pub(super) help: String,
    /// Why the name is as it is; it lifts the rules of style.
    pub(super) literal: Option<LitStr>,
    pub(super) unit: Option<TokenStream>,
    pub(super) buckets: Option<Expr>,
    pub(super) writer: Option<TokenStream>,
    pub(super) opt_in: bool,
    pub(super) joined: bool,
    pub(super) exemplars: bool,
}

const WRITER: Key = Key::value("writer", "writer = Verb(\"record_api_error\")");
const GROUP: &[Key] = &[
    Key::value("prefix", "prefix = \"acme_billing\""),
    WRITER,
    CRATE,
];
const FAMILY: &[Key] = &[
    Key::value("unit", "unit = Seconds"),
    Key::value("buckets", "buckets = buckets::HTTP"),
    Key::value("literal", "literal = \"promised_name\""),
    Key::value("reason", "reason = \"dashboards in the field query it\""),
    WRITER,
    Key::flag("opt_in"),
    Key::flag("joined"),
    Key::flag("exemplars"),
];

const UNITS: [&str; 9] = [
    "Seconds",
    "Bytes",
    "Ratio",
    "Percent",
    "Celsius",
    "Watts",
    "Joules",
    "Hertz",
    "BytesPerSecond",
];

pub(super) fn parse(input: &DeriveInput, errors: &mut Errors) -> Option<Group> {
    if !input.generics.params.is_empty() {
        errors.at(
            &input.generics,
            "a metric group cannot be generic: its descriptors are constants of the type",
        );
        return None;
    }
    let Data::Struct(DataStruct {
        fields: Fields::Named(fields),
        ..
    }) = &input.data
    else {
        errors.at(
            &input.ident,
            "a metric group is a struct with named fields: the name of a field is the name of a \
             metric, behind the group's prefix",
        );
        return None;
    };
    let mut args = Args::of_helper(&input.attrs, "metrics", GROUP, errors);
    let private = args.private(errors);
    let writer = args.take("writer").and_then(|arg| writer(arg, errors));
    let clean = errors.is_empty();
    let prefix = args.take("prefix").and_then(|arg| arg.text(errors));
    if let Some(prefix) = &prefix {
        check::prefix(prefix, errors);
    } else if clean && errors.is_empty() {
        errors.push(syn::Error::new(
            input.ident.span(),
            "a metric group says how its names begin: `#[metrics(prefix = \"acme_billing\")]`",
        ));
    }
    if fields.named.is_empty() {
        errors.at(&input.ident, "a metric group has at least one metric");
    }
    let prefix = prefix.map_or_else(String::new, |prefix| prefix.value());
    let mut families: Vec<Family> = Vec::new();
    for field in &fields.named {
        let Some(family) = family(field, &prefix, writer.as_ref(), errors) else {
            continue;
        };
        check::family(&family, &families, errors);
        families.push(family);
    }
    Some(Group {
        ident: input.ident.clone(),
        private,
        families,
    })
}

fn family(
    field: &Field,
    prefix: &str,
    group_writer: Option<&TokenStream>,
    errors: &mut Errors,
) -> Option<Family> {
    let ident = field.ident.clone()?;
    let mut args = Args::of_helper(&field.attrs, "metric", FAMILY, errors);
    let (name, literal) = name(&ident, prefix, &mut args, errors);
    let help = doc::help(&field.attrs).unwrap_or_else(|| {
        errors.push(syn::Error::new(
            ident.span(),
            format!(
                "`{}` needs a doc comment: its first paragraph becomes the HELP text",
                name.value()
            ),
        ));
        String::new()
    });
    Some(Family {
        ty: field.ty.clone(),
        name,
        help,
        literal,
        unit: args.take("unit").and_then(|arg| unit(arg, errors)),
        buckets: args.take("buckets").and_then(Arg::expr),
        writer: match args.take("writer") {
            Some(arg) => writer(arg, errors),
            None => group_writer.cloned(),
        },
        opt_in: args.flag("opt_in"),
        joined: args.flag("joined"),
        exemplars: args.flag("exemplars"),
        ident,
    })
}

/// The whole name, and the reason if it is not made of prefix and field.
fn name(
    ident: &Ident,
    prefix: &str,
    args: &mut Args,
    errors: &mut Errors,
) -> (LitStr, Option<LitStr>) {
    let made = || LitStr::new(&format!("{prefix}_{}", ident.unraw()), ident.span());
    match (args.take("literal"), args.take("reason")) {
        (None, None) => (made(), None),
        (None, Some(reason)) => {
            errors.at(
                reason.key,
                "`reason` explains a `literal` name; there is none here",
            );
            (made(), None)
        }
        (Some(literal), reason) => {
            if reason.is_none() {
                errors.at(
                    &literal.key,
                    "a `literal` name breaks a rule, so it says why: `reason = \"…\"`",
                );
            }
            let name = literal.text(errors).unwrap_or_else(made);
            let reason = reason.and_then(|reason| reason.text(errors));
            if let Some(reason) = reason
                .as_ref()
                .filter(|reason| reason.value().trim().is_empty())
            {
                errors.at(reason, "the reason is empty; say why the name is as it is");
            }
            (name, reason)
        }
    }
}

/// `Seconds`, or the things that are counted as a text.
fn unit(arg: Arg, errors: &mut Errors) -> Option<TokenStream> {
    let value = arg.expr()?;
    match &value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(things),
            ..
        }) if !things.value().is_empty() => {
            return Some(quote!(Of(#things)));
        }
        Expr::Path(path) => {
            if let Some(unit) = path
                .path
                .get_ident()
                .filter(|unit| UNITS.iter().any(|u| unit == u))
            {
                return Some(quote!(#unit));
            }
        }
        _ => {}
    }
    errors.at(
        &value,
        format!(
            "unknown unit; expected one of {}, or a text for things that are counted: \
             `unit = \"requests\"`",
            any_of(UNITS)
        ),
    );
    None
}

/// `Library`, or `Verb("record_api_error")`.
fn writer(arg: Arg, errors: &mut Errors) -> Option<TokenStream> {
    let value = arg.expr()?;
    match &value {
        Expr::Path(path) => {
            if let Some(who) = path.path.get_ident()
                && (who == "Library" || who == "Host")
            {
                return Some(quote!(#who));
            }
        }
        Expr::Call(call) => {
            if let (
                Expr::Path(path),
                [
                    Expr::Lit(ExprLit {
                        lit: Lit::Str(name),
                        ..
                    }),
                ],
            ) = (&*call.func, &*call.args.iter().cloned().collect::<Vec<_>>())
            {
                let who = path.path.get_ident();
                if let Some(who) =
                    who.filter(|who| ["Verb", "Layer", "Collector"].iter().any(|w| who == w))
                {
                    return Some(quote!(#who(#name)));
                }
            }
        }
        _ => {}
    }
    errors.at(
        &value,
        "unknown writer; expected one of `Verb(\"name\")`, `Layer(\"name\")`, \
         `Collector(\"name\")`, `Library` or `Host`",
    );
    None
}
