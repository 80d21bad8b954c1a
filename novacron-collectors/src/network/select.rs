//! Which interfaces are shown.

/// The interfaces that are left out unless the settings say otherwise: the loopback, and those that
/// come and go with guests and containers, whose traffic is shown with them.
pub const EXCLUDED: &[&str] = &[
    "lo",
    "veth*",
    "tap*",
    "vnet*",
    "macvtap*",
    "cali*",
    "docker*",
    "ovs-system",
];

/// Whether a name fits one of these patterns, in which `*` stands for any text.
#[must_use]
pub fn matches_any<S: AsRef<str>>(patterns: &[S], name: &str) -> bool {
    patterns
        .iter()
        .any(|pattern| matches(pattern.as_ref(), name))
}

/// The parts between the stars must occur in their order, the first and the last at the ends.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut name) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match name.find(part) {
            Some(at) => name = &name[at + part.len()..],
            None => return false,
        }
    }
    name.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_text() {
        for (pattern, name) in [
            ("lo", "lo"),
            ("veth*", "veth1a2b"),
            ("veth*", "veth"),
            ("*.100", "eth0.100"),
            ("en*s*f*", "enp3s0f1"),
            ("*", ""),
            ("a*a", "aa"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("lo", "lo0"),
            ("veth*", "xveth"),
            ("*.100", "eth0.10"),
            ("a*a", "a"),
            ("", "x"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn what_belongs_to_guests_is_left_out_and_cards_are_not() {
        for name in ["lo", "vnet12", "tap3f", "veth0", "docker0", "cali1"] {
            assert!(matches_any(EXCLUDED, name), "{name}");
        }
        for name in [
            "eth0", "eno1", "bond0", "br0", "vlan7", "vxlan5", "ib0", "lo1",
        ] {
            assert!(!matches_any(EXCLUDED, name), "{name}");
        }
    }
}
