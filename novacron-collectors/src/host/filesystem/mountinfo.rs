//! `/proc/[pid]/mountinfo`: what is mounted where.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// One mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Where, byte for byte.
    pub point: PathBuf,
    /// The same as text: bytes that are no UTF-8 stand as `\xff`.
    pub name: String,
    /// From what: a device, a share, a name.
    pub source: String,
    /// Type of the file system.
    pub kind: String,
    /// Whether it cannot be written to, here or at all.
    pub read_only: bool,
}

/// Reads the lines that are complete. Of several mounts at one point only the last is seen by
/// programs, and kept.
#[must_use]
pub fn parse(text: &[u8]) -> Vec<Mount> {
    let end = text.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
    let lines = text[..end].split(|byte| *byte == b'\n');
    let mut mounts: Vec<Mount> = lines.filter_map(line).collect();
    // From the end, so that the last one at a point is met first.
    let mut seen = HashSet::new();
    mounts.reverse();
    mounts.retain(|mount| seen.insert(mount.point.clone()));
    mounts.reverse();
    mounts
}

/// `36 35 98:0 /root /point rw,noatime master:1 - ext4 /dev/sda rw,errors=continue`, with any
/// number of fields before the dash.
fn line(line: &[u8]) -> Option<Mount> {
    let fields: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let dash = 6 + fields.get(6..)?.iter().position(|field| *field == b"-")?;
    let [kind, source, options, ..] = fields.get(dash + 1..)? else {
        return None;
    };
    let point = unescaped(fields[4]);
    if point.first() != Some(&b'/') || kind.is_empty() {
        return None;
    }
    let read_only = |options: &[u8]| options.split(|byte| *byte == b',').any(|o| o == b"ro");
    Some(Mount {
        name: text(&point),
        point: PathBuf::from(OsString::from_vec(point)),
        source: text(&unescaped(source)),
        kind: text(kind),
        read_only: read_only(fields[5]) || read_only(options),
    })
}

/// The kernel writes blanks, line ends and backslashes as `\040`.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, tail @ ..] = rest {
        let octal = |digit: &u8| matches!(digit, b'0'..=b'7').then(|| u32::from(digit - b'0'));
        let escaped = match rest {
            [b'\\', a, b, c, ..] => {
                (|| u8::try_from(octal(a)? * 64 + octal(b)? * 8 + octal(c)?).ok())()
            }
            _ => None,
        };
        match escaped {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[4..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    bytes
}

/// Text for people: two names that differ in bytes that are no UTF-8 must not become one.
fn text(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(text: &[u8]) -> Vec<String> {
        parse(text).into_iter().map(|mount| mount.name).collect()
    }

    #[test]
    fn any_number_of_fields_stands_before_the_dash() {
        let text = b"22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
            36 22 0:31 / /srv ro,nosuid shared:7 master:1 propagate_from:2 - nfs4 host:/x rw,vers=4.2\n\
            37 22 0:32 / /iso rw - iso9660 /dev/sr0 ro\n";
        let mounts = parse(text);
        assert_eq!(mounts.len(), 3);
        assert_eq!(mounts[1].kind, "nfs4");
        assert_eq!(mounts[1].source, "host:/x");
        assert_eq!(
            mounts.iter().map(|m| m.read_only).collect::<Vec<_>>(),
            [false, true, true]
        );
    }

    #[test]
    fn a_name_may_hold_any_byte() {
        let text = b"1 1 0:1 / /a\\040b\\134c\\012d rw - tmpfs none rw\n\
            1 1 0:1 / /caf\xe9 rw - tmpfs none rw\n1 1 0:1 / /caf\xe8 rw - tmpfs none rw\n\
            1 1 0:1 / /\\04 rw - tmpfs none rw\n1 1 0:1 / /\\777 rw - tmpfs none rw\n";
        assert_eq!(
            points(text),
            ["/a b\\c\nd", "/caf\\xe9", "/caf\\xe8", "/\\04", "/\\777"]
        );
        assert_eq!(
            parse(text)[1].point.as_os_str().as_encoded_bytes(),
            b"/caf\xe9"
        );
    }

    #[test]
    fn the_last_mount_at_a_point_is_the_one_that_is_seen() {
        let text =
            b"1 1 0:1 / /mnt rw - autofs systemd-1 rw\n1 1 0:1 / /mnt rw - nfs4 host:/x rw\n";
        let mounts = parse(text);
        assert_eq!((mounts.len(), mounts[0].kind.as_str()), (1, "nfs4"));
    }

    #[test]
    fn a_line_that_is_cut_or_wrong_is_none() {
        for text in [
            &b"1 1 0:1 / /mnt rw - tmpfs none rw"[..],
            b"1 1 0:1 / /mnt rw tmpfs none rw\n",
            b"1 1 0:1 / mnt rw - tmpfs none rw\n",
            b"1 1 0:1 / /mnt rw - tmpfs none\n",
            b"1 1 0:1 / /mnt\n",
            b"\n\n",
            b"",
        ] {
            assert!(parse(text).is_empty(), "{}", text.escape_ascii());
        }
    }
}
