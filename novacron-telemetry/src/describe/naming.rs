//! `docs/naming-exceptions.md`: every name that breaks a rule, and why.

use std::fmt::Write as _;

use crate::catalog::Catalog;
use crate::metric::{Descriptor, check};

/// The page that lists the exceptions to the naming rules.
#[must_use]
pub fn naming_exceptions() -> String {
    let mut page = String::from(HEAD);
    for family in Catalog::descriptors() {
        if let Some(reason) = family.literal {
            // Writing to a `String` cannot fail.
            let _ = writeln!(
                page,
                "| `{}` | {} | {reason} |",
                family.name,
                broken(family)
            );
        }
    }
    page
}

const HEAD: &str = "\
<!-- Generated from the catalog; `BLESS=1 cargo test --all-features --test generated` rewrites it. -->

# Names that break a rule

The rules are in [naming.md](naming.md), and a name that breaks one does not compile unless its
declaration says why. These do. A promised name is never changed: what dashboards and alerts in the
field ask for stays as it is. *Style* means that no checked rule is broken, but the name is not what
a new one would be.

| metric | breaks | why it is so |
|---|---|---|
";

fn broken(family: &Descriptor) -> &'static str {
    if !check::total_suffix(family.name, family.kind) {
        "`_total` is for counters"
    } else if !check::unit_suffix(family.name, family.unit) {
        "a name ends in its unit"
    } else if !check::plain_words(family.name) {
        "no abbreviation, no multiple of a unit, no type"
    } else if family.name.ends_with("_percent") {
        "shares are ratios"
    } else {
        "style"
    }
}
