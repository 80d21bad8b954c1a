//! What a domain's definition says that its statistics do not: whether its guest agent is there.
//!
//! This is no XML parser. It walks over the tags and their attributes, skips comments and character
//! data, and gives up without an answer where the text is not well formed.

/// What stands in a definition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Definition {
    /// Whether the channel of the guest agent is connected; none if the domain has no such channel.
    pub agent_connected: Option<bool>,
}

const AGENT: &str = "org.qemu.guest_agent.0";

/// Reads a definition.
///
/// ```
/// use novacron_collectors::libvirt::xml;
///
/// let definition = xml::definition(
///     "<domain type='kvm'><devices><channel type='unix'>
///        <target type='virtio' name='org.qemu.guest_agent.0' state='connected'/>
///      </channel></devices></domain>",
/// );
/// assert_eq!(definition.agent_connected, Some(true));
/// ```
#[must_use]
pub fn definition(xml: &str) -> Definition {
    let mut definition = Definition::default();
    let mut in_channel = false;
    for tag in Tags(xml) {
        match tag.name {
            "channel" => in_channel = !tag.closes && !tag.is_empty(),
            "target" if in_channel && tag.attribute("name") == Some(AGENT) => {
                // Only a running domain's definition has a state.
                let state = tag.attribute("state");
                definition.agent_connected = state.map(|state| state == "connected");
            }
            _ => {}
        }
    }
    definition
}

/// The tags of a text, one after the other.
struct Tags<'a>(&'a str);

struct Tag<'a> {
    name: &'a str,
    attributes: &'a str,
    closes: bool,
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        loop {
            let start = self.0.find('<')?;
            let rest = &self.0[start + 1..];
            let skipped = [("!--", "-->"), ("![CDATA[", "]]>"), ("?", "?>"), ("!", ">")]
                .into_iter()
                .find(|(begin, _)| rest.starts_with(begin));
            if let Some((_, end)) = skipped {
                self.0 = &rest[rest.find(end)? + end.len()..];
                continue;
            }
            let end = end_of_tag(rest)?;
            self.0 = &rest[end + 1..];
            let inside = &rest[..end];
            let (closes, inside) = match inside.strip_prefix('/') {
                Some(inside) => (true, inside),
                None => (false, inside),
            };
            let name_end = inside
                .find(|c: char| c.is_ascii_whitespace() || c == '/')
                .unwrap_or(inside.len());
            return Some(Tag {
                name: &inside[..name_end],
                attributes: &inside[name_end..],
                closes,
            });
        }
    }
}

/// Where the `>` is that is not part of a value.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(at),
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

impl<'a> Tag<'a> {
    fn is_empty(&self) -> bool {
        self.attributes.trim_end().ends_with('/')
    }

    fn attribute(&self, name: &str) -> Option<&'a str> {
        let mut rest = self.attributes;
        loop {
            let (key, after) = rest.split_once('=')?;
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
            let (value, after) = after[1..].split_once(quote)?;
            if key.trim() == name {
                return Some(value);
            }
            rest = after;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(xml: &str) -> Option<bool> {
        definition(xml).agent_connected
    }

    #[test]
    fn the_state_of_the_agent_is_that_of_its_channel_only() {
        let channel = |name: &str, state: &str| {
            format!(
                "<channel type='unix'><source mode='bind'/><target type='virtio' name='{name}'{state}/></channel>"
            )
        };
        let other = channel("com.redhat.spice.0", " state='connected'");
        assert_eq!(agent(&other), None);
        assert_eq!(agent(&channel(AGENT, " state='disconnected'")), Some(false));
        assert_eq!(agent(&channel(AGENT, "")), None, "it is shut off");
        let both = other + &channel(AGENT, " state=\"connected\"");
        assert_eq!(agent(&both), Some(true));
        let target = format!("<target name='{AGENT}' state='connected'/>");
        assert_eq!(agent(&target), None, "not in a channel");
    }

    #[test]
    fn what_only_looks_like_a_tag_is_not_one() {
        let target = format!("<channel><target name='{AGENT}' state='connected'/></channel>");
        assert_eq!(agent(&format!("<!-- {target} -->")), None);
        assert_eq!(agent(&format!("<a><![CDATA[{target}]]></a>")), None);
        let quoted = target.replace('<', "&lt;");
        assert_eq!(agent(&format!("<a b=\"{quoted}\"/>")), None);
        assert_eq!(agent(&format!("<a b='>'/>{target}")), Some(true));
    }

    #[test]
    fn no_part_of_a_definition_is_too_short_to_read() {
        let whole = format!(
            "<?xml version='1.0'?><!-- é --><domain><channel type='unix'>\
             <target name='{AGENT}' state='connected'/></channel></domain>"
        );
        for (end, _) in whole.char_indices() {
            assert_ne!(agent(&whole[..end]), Some(false), "invented at {end}");
        }
    }
}
