//! Closed sets: which texts a label may have, checked where they are written.

use proc_macro2::TokenStream;
use quote::{format_ident, quote_spanned};
use syn::LitStr;

use crate::args::{Key, Private};
use crate::case::Case;
use crate::errors::{Errors, any_of};

/// A label whose texts are known.
pub(super) struct Closed {
    /// The enum that it is in the library; its variants are the texts in PascalCase.
    name: &'static str,
    texts: &'static [&'static str],
}

/// Without the one that stands for all others, and for a function that states none.
pub(super) const METHOD: Closed = Closed {
    name: "Method",
    texts: &[
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT",
    ],
};

pub(super) const DWCP_MODE: Closed = Closed {
    name: "DwcpMode",
    texts: &["datacenter", "internet", "hybrid"],
};

pub(super) const MIGRATION_TYPE: Closed = Closed {
    name: "MigrationType",
    texts: &["live", "cold", "storage"],
};

pub(super) const DB_OPERATION: Closed = Closed {
    name: "DbOperation",
    texts: &[
        "SELECT", "INSERT", "UPDATE", "DELETE", "UPSERT", "BEGIN", "COMMIT", "ROLLBACK", "DDL",
        "OTHER",
    ],
};

pub(super) const VM_OPERATION: Closed = Closed {
    name: "VmOperation",
    texts: &[
        "create",
        "start",
        "stop",
        "delete",
        "restart",
        "pause",
        "resume",
        "power",
        "describe",
        "reconfigure",
        "snapshot",
        "clone",
        "migrate",
        "image_prepare",
        "hardware_upgrade",
    ],
};

pub(super) const PROVIDER_TYPE: Closed = Closed {
    name: "ProviderType",
    texts: &[
        "vsphere",
        "libvirt",
        "proxmox",
        "qemu",
        "firecracker",
        "mock",
    ],
};

pub(super) const RESOURCE_KIND: Closed = Closed {
    name: "ResourceKind",
    texts: &[
        "VirtualMachine",
        "VMClass",
        "VMImage",
        "VMNetworkAttachment",
        "VMSnapshot",
        "VMClone",
        "VMMigration",
        "VMSet",
        "VMAdoption",
        "VMPlacementPolicy",
        "Provider",
    ],
};

impl Closed {
    /// The variant of a text that is known.
    pub(super) fn variant(
        &self,
        key: &Key,
        text: &LitStr,
        private: &Private,
        errors: &mut Errors,
    ) -> Option<TokenStream> {
        let written = text.value();
        let Some(known) = self.texts.iter().find(|known| alike(known, &written)) else {
            errors.at(
                text,
                format!("unknown {}; expected {}", key.name, self.expected()),
            );
            return None;
        };
        if *known != written {
            let message = format!("`{written}` is written `{known}` here");
            errors.at(text, message);
            return None;
        }
        let set = format_ident!("{}", self.name, span = text.span());
        let variant = format_ident!("{}", Case::Pascal.apply(known), span = text.span());
        Some(quote_spanned!(text.span()=> #private::#set::#variant))
    }

    /// What may stand there, for messages.
    pub(super) fn expected(&self) -> String {
        format!("one of {}", any_of(self.texts.iter().copied()))
    }

    /// The enum, for messages.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }
}

/// Whether somebody who wrote the one may have meant the other.
fn alike(known: &str, written: &str) -> bool {
    let letters = |text: &str| -> String {
        let letters = text.chars().filter(|c| c.is_alphanumeric());
        letters.map(|c| c.to_ascii_lowercase()).collect()
    };
    letters(known) == letters(written)
}

#[cfg(test)]
mod tests {
    use novacron_telemetry::catalog::database::DbOperation;
    use novacron_telemetry::catalog::dwcp::DwcpMode;
    use novacron_telemetry::catalog::reconcile::ResourceKind;
    use novacron_telemetry::catalog::vm::{MigrationType, VmOperation};
    use novacron_telemetry::catalog::{Method, ProviderType};

    use super::*;

    /// The texts and the variants of an enum of the catalog, as they are spelled here.
    macro_rules! assert_is {
        ($closed:expr, $set:ty, without $left_out:expr) => {
            let left_out: Option<$set> = $left_out;
            let known = <$set>::ALL.iter().filter(|value| Some(**value) != left_out);
            let known: Vec<_> = known
                .map(|value| (value.as_str(), format!("{value:?}")))
                .collect();
            let here: Vec<_> = $closed
                .texts
                .iter()
                .map(|text| (*text, Case::Pascal.apply(text)))
                .collect();
            assert_eq!(here, known, "{}", $closed.name);
            assert!(stringify!($set).ends_with($closed.name));
        };
    }

    #[test]
    fn every_set_is_the_catalog_s() {
        assert_is!(METHOD, Method, without Some(Method::Other));
        assert_is!(DWCP_MODE, DwcpMode, without None);
        assert_is!(MIGRATION_TYPE, MigrationType, without None);
        assert_is!(DB_OPERATION, DbOperation, without None);
        assert_is!(VM_OPERATION, VmOperation, without None);
        assert_is!(PROVIDER_TYPE, ProviderType, without None);
        assert_is!(RESOURCE_KIND, ResourceKind, without None);
    }
}
