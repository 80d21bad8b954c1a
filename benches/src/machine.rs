//! What has to be known about the machine and the programs to read a figure.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

/// Name and value of each fact.
#[must_use]
pub fn facts() -> Vec<(String, String)> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let mut facts = vec![
        ("date", date()),
        ("CPU", format!("{} ({cores} usable)", cpu_model())),
        ("kernel", line("/proc/sys/kernel/osrelease")),
        ("load average at the start", load()),
        ("compiler", env!("BENCHES_RUSTC").to_owned()),
        ("profile", env!("BENCHES_PROFILE").to_owned()),
    ];
    facts.push(("crates", env!("BENCHES_VERSIONS").to_owned()));
    facts
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// How many tasks wanted a CPU over the last 1, 5 and 15 minutes.
#[must_use]
pub fn load() -> String {
    let load = line("/proc/loadavg");
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

fn cpu_model() -> String {
    fs::read_to_string("/proc/cpuinfo")
        .unwrap_or_default()
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or_else(
            || String::from("unknown"),
            |(_, model)| model.trim().to_owned(),
        )
}

fn line(path: &str) -> String {
    fs::read_to_string(path).map_or_else(|_| String::from("unknown"), |text| text.trim().to_owned())
}

/// Today in UTC, `2026-01-31`.
fn date() -> String {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let (year, month, day) = civil(seconds / 86_400);
    format!("{year}-{month:02}-{day:02}")
}

/// The Gregorian date of a number of days since 1970-01-01.
///
/// Counts in years that begin on March 1, so that the leap day comes last, and in eras of 400
/// years, which all have the same number of days.
fn civil(days: u64) -> (u64, u64, u64) {
    const ERA: u64 = 146_097;
    let days = days + 719_468;
    let (era, of_era) = (days / ERA, days % ERA);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(20_454), (2026, 1, 1));
    }
}
