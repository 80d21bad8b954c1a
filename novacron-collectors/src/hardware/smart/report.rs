//! What `smartctl --json` says of one disk.
//!
//! Its exit status is a set of bits and of little use: a disk that is dying makes it "fail", and so
//! does an old error in a log. What counts is the JSON; each number in it stands for itself, and
//! one that is missing or of another type is left out.
//!
//! ```
//! use novacron_collectors::hardware::smart::report::{Answer, parse};
//!
//! let json = r#"{"smartctl": {"exit_status": 8}, "smart_status": {"passed": false}}"#;
//! let Answer::Report(report) = parse(json.as_bytes()) else {
//!     panic!("it is a report")
//! };
//! assert_eq!(report.healthy, Some(false));
//! ```

use serde_json::Value;

/// What a disk says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Report {
    /// Whether it expects to go on working.
    pub healthy: Option<bool>,
    /// Degrees Celsius.
    pub temperature: Option<f64>,
    /// Seconds in its life.
    pub power_on: Option<f64>,
    /// Share of its rated endurance; may pass 1.
    pub wear: Option<f64>,
    /// Errors it could not hide.
    pub media_errors: Option<u64>,
    /// Sectors it replaced.
    pub reallocated: Option<u64>,
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It said something.
    Report(Report),
    /// It sleeps, and was not woken.
    Asleep,
    /// It has nothing to say: a virtual disk, a RAID volume.
    Unsupported,
    /// This process may not ask it.
    Denied,
    /// Something else went wrong.
    Failed(String),
}

/// Bits of the exit status: a command line that was not understood, a device that was not opened.
const NOT_ASKED: u64 = 0b11;

/// Reads the output of `smartctl --json`.
#[must_use]
pub fn parse(output: &[u8]) -> Answer {
    let Ok(json) = serde_json::from_slice::<Value>(output) else {
        return Answer::Failed("its output is no JSON".to_owned());
    };
    let Some(status) = number(&json, "/smartctl/exit_status") else {
        return Answer::Failed("its output has no exit status".to_owned());
    };
    if status & NOT_ASKED != 0 {
        return not_asked(&json);
    }
    let report = report(&json);
    if report == Report::default() {
        return Answer::Unsupported;
    }
    Answer::Report(report)
}

/// Why the disk was not asked, by the messages: the bits do not tell.
fn not_asked(json: &Value) -> Answer {
    let messages: Vec<&str> = json
        .pointer("/smartctl/messages")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|message| message.get("string")?.as_str())
        .collect();
    let says = |text: &str| messages.iter().any(|message| message.contains(text));
    if says("STANDBY mode") || says("SLEEP mode") || says("IDLE") {
        Answer::Asleep
    } else if says("Permission denied") || says("Operation not permitted") {
        Answer::Denied
    } else if says("Unable to detect device type")
        || says("specify device type")
        || says("Unknown USB bridge")
    {
        Answer::Unsupported
    } else {
        let why = messages.first().unwrap_or(&"it was not asked");
        Answer::Failed(why.chars().take(200).collect())
    }
}

fn report(json: &Value) -> Report {
    let percent = number(json, "/nvme_smart_health_information_log/percentage_used")
        .or_else(|| number(json, "/endurance_used/current_percent"))
        .or_else(|| number(json, "/scsi_percentage_used_endurance_indicator"));
    let hours = number(json, "/power_on_time/hours");
    let minutes = number(json, "/power_on_time/minutes").unwrap_or(0);
    Report {
        healthy: json
            .pointer("/smart_status/passed")
            .and_then(Value::as_bool),
        temperature: json
            .pointer("/temperature/current")
            .and_then(Value::as_i64)
            .map(|celsius| celsius as f64),
        power_on: hours.map(|hours| hours as f64 * 3600.0 + minutes as f64 * 60.0),
        wear: percent.map(|percent| percent as f64 / 100.0),
        media_errors: number(json, "/nvme_smart_health_information_log/media_errors")
            .or_else(|| attribute(json, REPORTED_UNCORRECTABLE)),
        reallocated: attribute(json, REALLOCATED_SECTORS)
            .or_else(|| number(json, "/scsi_grown_defect_list")),
    }
}

/// Attributes of ATA disks whose raw value is a plain count with every maker.
const REALLOCATED_SECTORS: u64 = 5;
const REPORTED_UNCORRECTABLE: u64 = 187;

fn attribute(json: &Value, id: u64) -> Option<u64> {
    let table = json.pointer("/ata_smart_attributes/table")?.as_array()?;
    let row = table
        .iter()
        .find(|row| row.get("id").and_then(Value::as_u64) == Some(id))?;
    number(row, "/raw/value")
}

fn number(json: &Value, pointer: &str) -> Option<u64> {
    json.pointer(pointer)?.as_u64()
}
