//! `dwcp migrate`: gives a guest away, and stays for scrapes.

use std::{io, process::ExitCode};

use bytesize::ByteSize;
use novacron_telemetry::{catalog::migration::MigrationPhase, registry::Groups};

use crate::{
    cli,
    process::{Metrics, Stop, Wish, say},
    report::SourceReport,
    source::{self, Machine, MigrateError},
};

/// Migrates once. Ctrl-C calls the migration off; when it is over, Ctrl-C ends the process.
pub(crate) async fn run(arguments: cli::Migrate) -> io::Result<ExitCode> {
    let mut stop = Stop::listen(arguments.guest.house.attended)?;
    let metrics = Metrics::open("dwcp-source", Groups::PROVIDER, arguments.guest.metrics).await?;
    say(
        io::stdout(),
        format_args!(
            "source {}, process {}\n  metrics  http://{}/metrics",
            arguments.node,
            std::process::id(),
            metrics.address(),
        ),
    );
    let plan = arguments.plan();
    let machine = Machine::start(&plan);
    let mut wish = None;
    let cancel = async { wish = Some(stop.wish().await) };
    let (report, result) = source::run(&plan, &machine, cancel).await;
    summarize(&report);
    arguments.guest.house.log().write(&report)?;
    if !arguments.guest.exit && wish != Some(Wish::End) {
        say(io::stdout(), "metrics stay up until Ctrl-C");
        stop.wish().await;
    }
    metrics.close().await;
    Ok(match result {
        Ok(()) => ExitCode::SUCCESS,
        // As shells say it of what was interrupted.
        Err(MigrateError::Cancelled) => ExitCode::from(130),
        Err(_) => ExitCode::FAILURE,
    })
}

/// What a person wants to know of it.
fn summarize(report: &SourceReport) {
    let show = |bytes: u64| ByteSize::b(bytes).display().iec();
    let mut text = format!("\n{} in {:.2} s", report.outcome, report.seconds);
    if report.outcome != "success" {
        text += &format!(", in phase {}", report.phase);
    }
    if let Some(error) = &report.error {
        text += &format!("\n  because    {error}");
    }
    let rounds = report.rounds.iter().chain(&report.last_round);
    let copied = rounds.map(|round| round.copied_bytes).sum();
    let sent = report.sent_bytes.values().sum();
    text += &format!(
        "\n  copied     {} of a memory of {}, rounds before the pause: {}\n  sent       {}, of which {} twice",
        show(copied),
        show(report.memory_bytes),
        report.rounds.len(),
        show(sent),
        show(report.sent_again_bytes),
    );
    for (algorithm, work) in &report.encoded {
        text += &format!(
            "\n  {algorithm:<10} {} pages, {} to {}",
            work.pages,
            show(work.original_bytes),
            show(work.encoded_bytes),
        );
    }
    for phase in MigrationPhase::ALL {
        if let Some(seconds) = report.phases.get(phase.as_str()) {
            text += &format!("\n  {:<13}{seconds:8.3} s", phase.as_str());
        }
    }
    if let Some(downtime) = report.downtime_seconds {
        text += &format!("\n  the guest stood still for {:.0} ms", downtime * 1e3);
    }
    if let Some(pages) = report.verified_pages {
        text += &format!("\n  the checksums of all {pages} pages match");
    }
    text += match report.guest {
        "destination" => "\n  the guest runs at the destination",
        "source" => "\n  the guest runs on here",
        _ => "\n  the guest was handed over and nobody can say whether it runs: it is paused here",
    };
    say(io::stdout(), text);
}
