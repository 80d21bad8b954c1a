//! `/proc/net/snmp`, `netstat` and `sockstat`: the host's sockets and its TCP.
//!
//! The first two have lines in pairs, names and then numbers; each kernel has other names, so a
//! number is found by its name and never by its place.
//!
//! ```
//! use novacron_collectors::network::sockets::Pairs;
//!
//! let snmp = Pairs::parse("Tcp: MaxConn RetransSegs\nTcp: -1 42\n");
//! assert_eq!(snmp.get("Tcp", "RetransSegs"), Some(42));
//! assert_eq!(snmp.get("Tcp", "MaxConn"), None, "it is no count");
//! ```

use std::collections::HashMap;

use crate::text;

/// Numbers by protocol and name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs<'a>(HashMap<(&'a str, &'a str), u64>);

impl<'a> Pairs<'a> {
    /// Reads `/proc/net/snmp` or `/proc/net/netstat`. A pair of lines that does not have as many
    /// numbers as names is left out whole: one that is missing would shift all others.
    #[must_use]
    pub fn parse(text: &'a str) -> Self {
        let mut numbers = HashMap::new();
        let mut names: Option<(&str, Vec<&str>)> = None;
        for (protocol, rest) in text::pairs(text, ':') {
            let words: Vec<&str> = rest.split_ascii_whitespace().collect();
            match names.take() {
                Some((of, names)) if of == protocol => {
                    if names.len() == words.len() {
                        let known = names.into_iter().zip(words);
                        numbers.extend(known.filter_map(|(name, word)| {
                            Some(((protocol, name), text::number(word)?))
                        }));
                    }
                }
                _ => names = Some((protocol, words)),
            }
        }
        Self(numbers)
    }

    /// The number of this name; `None` if there is none, or it is negative.
    #[must_use]
    pub fn get(&self, protocol: &str, name: &str) -> Option<u64> {
        self.0.get(&(protocol, name)).copied()
    }
}

/// Sockets in use of this protocol, by its name in `/proc/net/sockstat`.
#[must_use]
pub fn in_use(sockstat: &str, protocol: &str) -> Option<u64> {
    let (_, rest) = text::pairs(sockstat, ':').find(|(name, _)| *name == protocol)?;
    let mut words = rest.split_ascii_whitespace();
    while let (Some(name), Some(number)) = (words.next(), words.next()) {
        if name == "inuse" {
            return text::number(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_by_name() {
        let text = "Ip: A B\nIp: 1 2\nTcp: A Broken C\nTcp: 7 x 9\nUdp: A\nUdp: 1 2\nLone: 1\n";
        let pairs = Pairs::parse(text);
        assert_eq!(pairs.get("Tcp", "A"), Some(7));
        assert_eq!(pairs.get("Tcp", "Broken"), None);
        assert_eq!(pairs.get("Tcp", "C"), Some(9));
        assert_eq!(
            pairs.get("Udp", "A"),
            None,
            "numbers that do not fit their names"
        );
    }

    #[test]
    fn a_cut_file_has_fewer_numbers_and_no_others() {
        let text = "Tcp: A B\nTcp: 12 345\nUdp: A\nUdp: 67\n";
        let whole = Pairs::parse(text);
        for end in 0..text.len() {
            let cut = Pairs::parse(&text[..end]);
            assert!(
                cut.0
                    .iter()
                    .all(|(key, value)| whole.0.get(key) == Some(value))
            );
        }
    }

    #[test]
    fn sockets_are_found_in_their_line() {
        let text = "sockets: used 9\nTCP: inuse 3 orphan 0\nUDPLITE: inuse 0\nRAW: inuse x\n";
        assert_eq!(in_use(text, "TCP"), Some(3));
        assert_eq!(in_use(text, "UDPLITE"), Some(0));
        assert_eq!(in_use(text, "UDP"), None);
        assert_eq!(in_use(text, "RAW"), None);
    }
}
