//! Are the promises of the documents kept: 1 ms to record a metric, less than 2 % of CPU, less
//! than 1 MB/s of scrapes, bounded memory?

use std::hint::black_box;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use novacron_telemetry::record::record_api_request;

use crate::load::{RATE, Server};
use crate::measure::{Settings, median, nanoseconds};
use crate::report::{Goal, Row, Unit};
use crate::rivals::{Held, LookUp, OpenLabels, Ours, Page, http, page, recorder};
use crate::work::Work;

const PART: &str = "budgets";

/// All rows.
///
/// # Errors
///
/// If the server does not start or does not answer.
pub fn run(settings: &Settings, server: &Path) -> io::Result<Vec<Row>> {
    let mut rows = tails(settings);
    rows.extend(expositions(settings));
    rows.extend(load(settings, server)?);
    Ok(rows)
}

/// How long the slowest of many single recordings take, the clock and every interruption by the
/// machine included.
fn tails(settings: &Settings) -> Vec<Row> {
    let times = if settings.quick { 1_000 } else { 200_000 };
    let work = Work::mixed();
    let held: Ours = Held::new();
    let (counter, histogram) = (held.counter(0), held.histogram(0));
    let open: OpenLabels = LookUp::new();
    let (recorder, registry) = recorder();
    let mut layered = {
        let (recorder, registry) = self::recorder();
        let layer = tower_layer::Layer::layer(&http::layer(recorder), http::bare());
        http::drive("layer", layer).tidy(move || {
            black_box(&registry);
        })
    };
    let mut rows = Vec::new();
    let mut tail = |name: &str, each: &mut dyn FnMut(u64)| {
        let mut taken: Vec<f64> = (0..times)
            .map(|at| {
                let start = Instant::now();
                each(at);
                nanoseconds(start.elapsed())
            })
            .collect();
        taken.sort_by(f64::total_cmp);
        for (title, share) in [("p50", 0.5), ("p99", 0.99), ("p999", 0.999)] {
            let at = ((taken.len() - 1) as f64 * share) as usize;
            let case = format!("{name}, {title}");
            let row = Row::new(PART, case, Unit::Nanoseconds, Some(taken[at]));
            rows.push(row.goal(Goal::AtMost(1e6)));
        }
    };
    tail("one count", &mut |_| Ours::inc(black_box(&counter)));
    tail("one observation", &mut |at| {
        Ours::observe(black_box(&histogram), work.request(at).seconds);
    });
    tail("one count by three open labels", &mut |at| {
        open.count(black_box(work.request(at)));
    });
    recorder.in_scope(|| {
        tail("one API request by its verb", &mut |at| {
            let request = work.request(at);
            record_api_request(
                request.method.as_str(),
                &request.endpoint,
                request.status.as_u16(),
                request.seconds,
            );
        });
    });
    tail("one HTTP request through router and layer", &mut |_| {
        layered.run(1);
    });
    drop(registry);
    rows
}

/// Time and bytes of a scrape, and what that is every ten seconds.
fn expositions(settings: &Settings) -> Vec<Row> {
    let sizes: &[usize] = if settings.quick {
        &[1_000]
    } else {
        &[10_000, 100_000]
    };
    let mut rows = Vec::new();
    for &series in sizes {
        let title = format!("{} series", crate::report::figure(series as f64));
        let page = page(series);
        let mut bytes = 0;
        let mut taken: Vec<f64> = (0..settings.samples)
            .map(|_| {
                let start = Instant::now();
                bytes = page.render(&mut |chunk| {
                    black_box(chunk);
                });
                nanoseconds(start.elapsed()) / 1e6
            })
            .collect();
        let time = Some(median(&mut taken));
        rows.push(Row::new(
            PART,
            format!("exposition of {title}"),
            Unit::Milliseconds,
            time,
        ));
        let bytes = bytes as f64;
        rows.push(Row::new(
            PART,
            format!("exposition of {title}"),
            Unit::Bytes,
            Some(bytes),
        ));
        let every_ten = format!("scraped every 10 s, {title}, not compressed");
        let row = Row::new(PART, every_ten, Unit::BytesPerSecond, Some(bytes / 10.0));
        rows.push(row.goal(Goal::AtMost(1e6)));
    }
    rows
}

/// CPU and memory of a server under a steady load, with the layer and without, in turn.
fn load(settings: &Settings, program: &Path) -> io::Result<Vec<Row>> {
    let (rounds, duration) = if settings.quick {
        (1, Duration::from_millis(200))
    } else {
        (5, Duration::from_secs(2))
    };
    let (mut bare, mut layered, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    let mut memory = [0.0; 2];
    for _ in 0..rounds {
        for (form, cpu, kib) in [("bare", &mut bare, 0), ("layered", &mut layered, 1)] {
            let server = Server::start(program, form)?;
            server.load(duration / 10)?;
            let cost = server.load(duration)?;
            cpu.push(cost.cpu);
            rates.push(cost.rate);
            memory[kib] = server.resident_kib()?;
        }
    }
    let (bare, layered) = (median(&mut bare), median(&mut layered));
    let added = layered - bare;
    let microseconds = |seconds: f64| Some(seconds * 1e6);
    let title = |what: &str| {
        format!(
            "{what} at {} requests/s",
            crate::report::figure(median(&mut rates.clone()))
        )
    };
    Ok(vec![
        Row::new(
            PART,
            title("CPU of a request, bare server"),
            Unit::Microseconds,
            microseconds(bare),
        ),
        Row::new(
            PART,
            title("CPU of a request, with the layer"),
            Unit::Microseconds,
            microseconds(layered),
        ),
        Row::new(
            PART,
            title("CPU added, share of one core"),
            Unit::Percent,
            Some(added * RATE as f64 * 100.0),
        )
        .goal(Goal::AtMost(2.0)),
        Row::new(
            PART,
            title("CPU added, share of the bare server's"),
            Unit::Percent,
            Some(added / bare * 100.0),
        ),
        Row::new(
            PART,
            "memory added to the server process",
            Unit::KibiBytes,
            Some(memory[1] - memory[0]),
        ),
    ])
}
