//! An enum is a closed value: its texts are its variants, renamed as asked.

use novacron_telemetry::label::{Domain, LabelValue, Part};

#[derive(Clone, Copy, Debug, PartialEq, Eq, LabelValue)]
enum Level {
    Low,
    VeryHigh,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, LabelValue)]
#[label(rename_all = "UPPERCASE", ignore_case)]
enum Method {
    Get,
    #[label(rename = "M-SEARCH")]
    Search,
    #[label(other)]
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, LabelValue)]
enum Window {
    #[label(rename = "1m")]
    Minute = 60,
    #[label(rename = "1h")]
    Hour = 3600,
    r#Type = 1,
}

#[derive(Clone, Copy, LabelValue)]
#[label(rename_all = "Title Case")]
enum Titled {
    TwoWords,
}

#[derive(Clone, Copy, LabelValue)]
#[label(rename_all = "kebab-case")]
enum Kebab {
    TwoWords,
}

fn main() {
    assert_eq!(Level::DOMAIN, Domain::Closed(&["low", "very_high"]));
    assert_eq!(Level::ALL, [Level::Low, Level::VeryHigh]);
    assert_eq!(Level::CARDINALITY, 2);
    assert_eq!(Level::part(Level::VeryHigh.to_ref()), Part::Index(1));
    assert_eq!(Level::parse("very_high"), Some(Level::VeryHigh));
    assert_eq!(Level::parse("LOW"), None);
    assert_eq!(format!("{}|{:>5}", Level::VeryHigh, Level::Low), "very_high|  low");

    assert_eq!(Method::from("get"), Method::Get);
    assert_eq!(Method::from("m-search"), Method::Search);
    assert_eq!(Method::from("BREW"), Method::Other);
    assert_eq!(Method::parse("BREW"), None);

    const TEXT: &str = Window::Hour.as_str();
    assert_eq!(TEXT, "1h");
    assert_eq!(Window::part(Window::Type), Part::Index(2), "the place, not the discriminant");
    assert_eq!(Window::Type.as_str(), "type");

    assert_eq!(Titled::TwoWords.as_str(), "Two Words");
    assert_eq!(Kebab::TwoWords.as_str(), "two-words");
}
