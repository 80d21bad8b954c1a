//! What does a scrape cost: time, bytes, allocations, memory; and what does a series weigh?

use std::hint::black_box;

use super::{Case, rows};
use crate::heap::{Count, Heap};
use crate::measure::{Contender, Settings};
use crate::report::{Goal, Row, Unit};
use crate::rivals::{EachPage, Page, each_page};

const PART: &str = "scrape";

/// What is rendered: so many series of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    kind: Kind,
    series: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Counters,
    Histograms,
}

impl Size {
    /// The words that [`read_page`] understands.
    #[must_use]
    pub fn arguments(self) -> [String; 2] {
        let kind = match self.kind {
            Kind::Counters => "counters",
            Kind::Histograms => "histograms",
        };
        [kind.to_owned(), self.series.to_string()]
    }

    fn title(self) -> String {
        let [kind, _] = self.arguments();
        format!("{} {kind}", crate::report::figure(self.series as f64))
    }

    /// The page that the goals are about.
    fn is_promised(self) -> bool {
        self.kind == Kind::Counters && self.series == 100_000
    }

    fn fill<P: Page>(self) -> P {
        match self.kind {
            Kind::Counters => P::counters(self.series),
            Kind::Histograms => P::histograms(self.series),
        }
    }
}

/// The page of these words.
#[must_use]
pub fn read_page(kind: &str, series: &str) -> Option<Size> {
    let kind = match kind {
        "counters" => Kind::Counters,
        "histograms" => Kind::Histograms,
        _ => return None,
    };
    let series = series.parse().ok()?;
    Some(Size { kind, series })
}

/// The pages of one run.
#[must_use]
pub fn pages(quick: bool) -> Vec<Size> {
    let pages: &[(Kind, usize)] = if quick {
        &[(Kind::Counters, 1_000), (Kind::Histograms, 100)]
    } else {
        &[
            (Kind::Counters, 1_000),
            (Kind::Counters, 10_000),
            (Kind::Counters, 100_000),
            (Kind::Histograms, 10_000),
        ]
    };
    pages
        .iter()
        .map(|&(kind, series)| Size { kind, series })
        .collect()
}

/// All rows that are timed.
#[must_use]
pub fn run(settings: &Settings) -> Vec<Row> {
    let mut rows = Vec::new();
    for page in pages(settings.quick) {
        // The slowest rival needs half a second for the largest page.
        let (samples, rounds) = match page.series {
            100_000.. => (5, 2),
            10_000.. => (7, 3),
            _ => (15, 3),
        };
        let settings = Settings {
            samples: samples.min(settings.samples),
            rounds: rounds.min(settings.rounds),
            ..*settings
        };
        let case = Case {
            part: PART,
            name: format!("render {}", page.title()),
            contenders: each_page(&Render { page }),
        };
        for mut row in case.time(&settings) {
            row.unit = Unit::Milliseconds;
            row.ours = row.ours.map(|nanoseconds| nanoseconds / 1e6);
            for (_, figure) in &mut row.rivals {
                *figure /= 1e6;
            }
            rows.push(if page.is_promised() {
                row.goal(Goal::Ratio(10.0))
            } else {
                row
            });
        }
    }
    rows
}

/// All rows of one page that are counted by an allocator.
#[must_use]
pub fn count(count: Count, page: Size) -> Vec<Row> {
    let weights = each_page(&Weigh { count, page });
    let all = |case: &str, unit, figure: fn(&Weight) -> f64| {
        let figures = weights
            .iter()
            .map(|weight| (weight.name, figure(weight)))
            .collect();
        rows(PART, &format!("{case}, {}", page.title()), unit, figures)
    };
    let promise = |rows: Vec<Row>, most| -> Vec<Row> {
        if !page.is_promised() {
            return rows;
        }
        rows.into_iter()
            .map(|row| row.goal(Goal::AtMost(most)))
            .collect()
    };
    let mut out = all("page", Unit::Bytes, |weight| weight.bytes as f64);
    out.extend(all(
        "allocations of a render",
        Unit::Allocations,
        |weight| weight.render.allocations as f64,
    ));
    let extra = all("extra memory of a render", Unit::KibiBytes, |weight| {
        weight.render.peak_bytes as f64 / 1024.0
    });
    out.extend(promise(extra, 128.0));
    let each = all("heap per series", Unit::Bytes, |weight| {
        weight.fill.left_bytes as f64 / weight.series as f64
    });
    out.extend(promise(each, 60.0));
    out
}

struct Render {
    page: Size,
}

impl EachPage for Render {
    type Output = Contender<'static>;

    fn with<P: Page>(&self) -> Contender<'static> {
        let page: P = self.page.fill();
        Contender::new(P::NAME, move |n| {
            for _ in 0..n {
                black_box(page.render(&mut |piece| {
                    black_box(piece);
                }));
            }
        })
    }
}

struct Weigh {
    count: Count,
    page: Size,
}

struct Weight {
    name: &'static str,
    series: usize,
    bytes: usize,
    fill: Heap,
    render: Heap,
}

impl EachPage for Weigh {
    type Output = Weight;

    fn with<P: Page>(&self) -> Weight {
        let mut page = None;
        let fill = (self.count)(&mut || page = Some(self.page.fill::<P>()));
        let page = page.expect("it was just filled");
        // What a library makes once, at its first rendering, is not part of every scrape.
        page.render(&mut |_| {});
        let mut bytes = 0;
        let render = (self.count)(&mut || bytes = page.render(&mut |_| {}));
        Weight {
            name: P::NAME,
            series: self.page.series,
            bytes,
            fill,
            render,
        }
    }
}
