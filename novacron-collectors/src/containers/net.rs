//! What passed the network interfaces of a container, from `/proc/<pid>/net/dev`.

/// Totals over the interfaces of one network namespace, its loopback left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    pub(crate) received: Passed,
    pub(crate) transmitted: Passed,
}

/// One way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Passed {
    pub(crate) bytes: u64,
    pub(crate) packets: u64,
    pub(crate) errors: u64,
    pub(crate) drops: u64,
}

/// The sum over interfaces; `None` if a line is not complete, since a sum that lacks an interface
/// would look like a counter that began anew.
pub(super) fn parse(text: &str) -> Option<Traffic> {
    let mut lines = text.split_inclusive('\n');
    // Two lines of headings.
    lines.next()?.contains('|').then_some(())?;
    lines.next()?.contains('|').then_some(())?;
    let mut sum = Traffic::default();
    // Every namespace has a loopback: without a line, the text was cut off.
    let mut lines = lines.peekable();
    lines.peek()?;
    for line in lines {
        let (name, numbers) = line.strip_suffix('\n')?.split_once(':')?;
        let numbers = numbers
            .split_ascii_whitespace()
            .map(super::stat::whole)
            .collect::<Option<Vec<u64>>>()?;
        // Eight each way: bytes, packets, errors, drops and four more.
        let [r0, r1, r2, r3, _, _, _, _, t0, t1, t2, t3, _, _, _, _] = numbers[..] else {
            return None;
        };
        if name.trim_start() != "lo" {
            sum.received.add([r0, r1, r2, r3]);
            sum.transmitted.add([t0, t1, t2, t3]);
        }
    }
    Some(sum)
}

impl Passed {
    fn add(&mut self, [bytes, packets, errors, drops]: [u64; 4]) {
        self.bytes = self.bytes.wrapping_add(bytes);
        self.packets = self.packets.wrapping_add(packets);
        self.errors = self.errors.wrapping_add(errors);
        self.drops = self.drops.wrapping_add(drops);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
  eth0:     796       8    1    2    0     0          0         0     1890      21    3    4    0     0       0          0
  eth1:       4       1    0    0    0     0          0         0        6       1    0    0    0     0       0          0
";

    #[test]
    fn interfaces_are_added_up_without_the_loopback() {
        let traffic = parse(TEXT).unwrap();
        let Passed {
            bytes,
            packets,
            errors,
            drops,
        } = traffic.received;
        assert_eq!([bytes, packets, errors, drops], [800, 9, 1, 2]);
        let Passed {
            bytes,
            packets,
            errors,
            drops,
        } = traffic.transmitted;
        assert_eq!([bytes, packets, errors, drops], [1896, 22, 3, 4]);
    }

    #[test]
    fn a_line_that_is_cut_off_makes_it_unknown() {
        let second = TEXT.find("  eth1").unwrap();
        for end in 0..TEXT.len() {
            let at_line_end = end > 0 && TEXT.as_bytes()[end - 1] == b'\n';
            if end > second || !at_line_end {
                assert_eq!(parse(&TEXT[..end]), None, "{end}");
            }
        }
        assert_eq!(parse(&TEXT.replace("796", "-796")), None);
        assert_eq!(parse(&TEXT.replace("796", "7.9")), None);
    }
}
