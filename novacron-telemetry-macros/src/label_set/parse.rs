//! From the item to a checked description.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{Data, DataStruct, DeriveInput, Field, Fields, LitStr, Type, Visibility};

use crate::args::{Args, CRATE, Key, Private};
use crate::case;
use crate::errors::Errors;

pub(super) struct Set {
    pub(super) vis: Visibility,
    pub(super) ident: Ident,
    pub(super) private: Private,
    pub(super) labels: Vec<Label>,
}

pub(super) struct Label {
    pub(super) vis: Visibility,
    pub(super) ident: Ident,
    pub(super) ty: Type,
    /// The label's name, with the span of what it was made from.
    pub(super) name: LitStr,
}

const SET: &[Key] = &[CRATE];
const LABEL: &[Key] = &[Key::value("rename", "rename = \"type\"")];

pub(super) fn parse(input: &DeriveInput, errors: &mut Errors) -> Option<Set> {
    if !input.generics.params.is_empty() {
        errors.at(
            &input.generics,
            "a label set cannot be generic: its labels are constants of the type",
        );
        return None;
    }
    let fields = match &input.data {
        Data::Struct(DataStruct {
            fields: Fields::Named(fields),
            ..
        }) => &fields.named,
        Data::Struct(DataStruct {
            fields: Fields::Unnamed(fields),
            ..
        }) => {
            errors.at(
                fields,
                "a label set has named fields: the name of a field is its label",
            );
            return None;
        }
        Data::Struct(DataStruct {
            fields: Fields::Unit,
            ..
        }) => {
            errors.at(&input.ident, NO_LABELS);
            return None;
        }
        Data::Enum(data) => {
            errors.at(
                data.enum_token,
                "a label set is a struct with one field per label; an enum is a label *value*",
            );
            return None;
        }
        Data::Union(data) => {
            errors.at(
                data.union_token,
                "a label set is a struct with one field per label",
            );
            return None;
        }
    };
    if fields.is_empty() {
        errors.at(&input.ident, NO_LABELS);
        return None;
    }
    let private = Args::of_helper(&input.attrs, "label", SET, errors).private(errors);
    let mut labels: Vec<Label> = Vec::new();
    for field in fields {
        let Some(label) = label(field, errors) else {
            continue;
        };
        if let Some(first) = labels
            .iter()
            .find(|first| first.name.value() == label.name.value())
        {
            errors.at(
                &label.name,
                format!(
                    "`{}` is already the label of `{}`",
                    label.name.value(),
                    first.ident
                ),
            );
        }
        labels.push(label);
    }
    Some(Set {
        vis: input.vis.clone(),
        ident: input.ident.clone(),
        private,
        labels,
    })
}

const NO_LABELS: &str =
    "a label set has at least one label; a metric without labels is a field without `Family`";

fn label(field: &Field, errors: &mut Errors) -> Option<Label> {
    let ident = field.ident.clone()?;
    let name = Args::of_helper(&field.attrs, "label", LABEL, errors)
        .take("rename")
        .and_then(|arg| arg.text(errors))
        .unwrap_or_else(|| LitStr::new(&ident.unraw().to_string(), ident.span()));
    if !case::is_snake(&name.value()) {
        errors.at(
            &name,
            format!(
                "`{}`: a label is named in snake_case: `a` to `z`, digits, `_`",
                name.value()
            ),
        );
    }
    Some(Label {
        vis: field.vis.clone(),
        ident,
        ty: field.ty.clone(),
        name,
    })
}
