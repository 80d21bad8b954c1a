//! A newtype around text is an open value, whatever holds the text.

use std::borrow::Cow;
use std::sync::Arc;

use novacron_telemetry::label::{Domain, LabelValue, Part};

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 200)]
pub struct Endpoint(Arc<str>);

#[derive(Clone, LabelValue)]
#[label(cap = 1)]
struct Owned(String);

#[derive(Clone, LabelValue)]
#[label(cap = 100_000)]
struct Boxed(pub Box<str>);

#[derive(Clone, LabelValue)]
#[label(cap = 0x10)]
struct Often(Cow<'static, str>);

fn main() {
    let endpoint = Endpoint::from("/vms/{id}");
    assert_eq!(Endpoint::DOMAIN, Domain::Open { cap: 200 });
    assert_eq!(Endpoint::CARDINALITY, 0);
    assert_eq!(Endpoint::part(endpoint.to_ref()), Part::Text("/vms/{id}"));
    assert_eq!(endpoint.as_str(), "/vms/{id}");
    assert_eq!(endpoint.to_string(), "/vms/{id}");
    let text: &str = endpoint.as_ref();
    assert_eq!(Endpoint::from(text.to_owned()), endpoint);
    assert_eq!(Endpoint::from(&text.to_owned()), endpoint);

    assert_eq!(Owned::from("a").as_str(), "a");
    assert_eq!(Boxed::from("b").as_str(), "b");
    assert_eq!(Often::from("c").as_str(), "c");
}
