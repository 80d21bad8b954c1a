//! The hypervisor's process of a domain: when it began.
//!
//! libvirt does not say when a domain was started. Its process does, and it is found by the UUID on
//! its command line.

use std::collections::HashMap;

use super::plan::Uuid;
use crate::{Root, text};

/// When the processes of domains began, in seconds since 1970. A process that took over a guest which
/// had been running, after a migration say, is left out: the guest booted some other time.
pub(crate) fn boot_times(root: &Root) -> HashMap<Uuid, f64> {
    let Some(booted) = host_boot_time(root) else {
        return HashMap::new();
    };
    let ticks = rustix::param::clock_ticks_per_second();
    let Ok(names) = root.list("proc") else {
        return HashMap::new();
    };
    let processes = names
        .iter()
        .filter(|name| text::number::<u32>(name).is_some());
    processes
        .filter_map(|pid| {
            let arguments = root.bytes(format!("proc/{pid}/cmdline")).ok()?;
            let uuid = uuid_of(&arguments)?;
            let stat = root.bytes(format!("proc/{pid}/stat")).ok()?;
            let since_boot = start_ticks(&stat)? as f64 / ticks as f64;
            Some((uuid, booted + since_boot))
        })
        .collect()
}

/// When the host was booted, in seconds since 1970.
fn host_boot_time(root: &Root) -> Option<f64> {
    let stat = root.text("proc/stat").ok()?;
    let line = text::lines(&stat).find_map(|line| line.strip_prefix("btime "))?;
    text::number(line)
}

/// The UUID on a hypervisor's command line, if it started the guest from nothing.
fn uuid_of(arguments: &[u8]) -> Option<Uuid> {
    let mut arguments = arguments.split(|byte| *byte == 0);
    let program = arguments.next()?;
    // Whoever only speaks of it, a shell or an editor, is not it.
    if !program.windows(4).any(|part| part == b"qemu") {
        return None;
    }
    let mut uuid = None;
    while let Some(argument) = arguments.next() {
        match argument {
            b"-uuid" => uuid = parse_uuid(arguments.next()?),
            b"-incoming" => return None,
            _ => {}
        }
    }
    uuid
}

/// The time at which a process began, in ticks since the host was booted: the 20th field after the
/// program's name, which stands in brackets and may hold anything.
fn start_ticks(stat: &[u8]) -> Option<u64> {
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    // Without the line's end the number could be cut.
    let line = stat[name_end + 1..].strip_suffix(b"\n")?;
    let line = std::str::from_utf8(line).ok()?;
    text::number(line.split_ascii_whitespace().nth(19)?)
}

fn parse_uuid(text: &[u8]) -> Option<Uuid> {
    let digits: Vec<u8> = text.iter().copied().filter(|byte| *byte != b'-').collect();
    let digits = std::str::from_utf8(&digits)
        .ok()
        .filter(|d| d.len() == 32)?;
    let number = u128::from_str_radix(digits, 16).ok()?;
    Some(number.to_be_bytes())
}

/// A UUID as it is written.
pub(crate) fn format_uuid(uuid: &Uuid) -> String {
    let digits = format!("{:032x}", u128::from_be_bytes(*uuid));
    let (a, b, c) = (&digits[..8], &digits[8..12], &digits[12..16]);
    format!("{a}-{b}-{c}-{}-{}", &digits[16..20], &digits[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "6695eb01-f6a4-8304-79aa-97f2502e193f";

    fn arguments(parts: &[&str]) -> Vec<u8> {
        parts
            .iter()
            .flat_map(|part| [part.as_bytes(), b"\0"].concat())
            .collect()
    }

    #[test]
    fn a_guest_that_came_from_elsewhere_did_not_boot_here() {
        let qemu = "/usr/bin/qemu-system-x86_64";
        let uuid = uuid_of(&arguments(&[qemu, "-name", "guest=a", "-uuid", UUID]));
        assert_eq!(format_uuid(&uuid.unwrap()), UUID);
        let incoming = arguments(&[qemu, "-uuid", UUID, "-incoming", "defer"]);
        assert_eq!(uuid_of(&incoming), None);
        assert_eq!(uuid_of(&arguments(&["/bin/grep", "-uuid", UUID])), None);
        assert_eq!(uuid_of(&arguments(&[qemu, "-uuid", "none"])), None);
        assert_eq!(uuid_of(&arguments(&[qemu, "-uuid"])), None);
    }

    #[test]
    fn a_process_name_may_hold_anything() {
        let tail = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21\n";
        for name in ["qemu-system-x86", "a b) (c", ")"] {
            let stat = format!("42 ({name}) {tail}");
            assert_eq!(start_ticks(stat.as_bytes()), Some(4711), "{name}");
            let end = stat.find("11 20").unwrap();
            assert_eq!(
                start_ticks(&stat.as_bytes()[..end]),
                None,
                "cut is no number"
            );
        }
    }
}
