//! One table `[collectors.NAME]`: three keys that every collector has, and its own.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use novacron_telemetry::collect::Schedule;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, DeserializeSeed, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserializer, forward_to_deserialize_any};

use super::hint;
use crate::duration;

/// What a table `[collectors.NAME]` says.
///
/// ```
/// use std::time::Duration;
/// use novacron_collectors::settings::Settings;
///
/// let settings: Settings = "[collectors.cpu]\ninterval = \"1s\"".parse()?;
/// assert_eq!(settings.cpu.interval, Some(Duration::from_secs(1)));
/// assert!(settings.cpu.enabled);
/// # Ok::<(), novacron_collectors::settings::SettingsError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Table<S> {
    /// Whether it runs. Default: yes.
    pub enabled: bool,
    /// How often it runs, at least 100 ms. Default: the collector's own interval.
    pub interval: Option<Duration>,
    /// How long a run may take, more than 0. Default: the collector's own deadline.
    pub timeout: Option<Duration>,
    /// The collector's own keys.
    pub own: S,
}

impl<S: Default> Default for Table<S> {
    fn default() -> Self {
        Self {
            enabled: true,
            interval: None,
            timeout: None,
            own: S::default(),
        }
    }
}

/// The keys that every table has.
pub(super) const COMMON: [&str; 3] = ["enabled", "interval", "timeout"];
const SHORTEST: Duration = Duration::from_millis(100);

impl<S> Table<S> {
    /// When a collector runs that would choose this schedule.
    pub fn schedule(&self, usual: Schedule) -> Schedule {
        if self.interval.is_none() && self.timeout.is_none() {
            return usual;
        }
        let interval = self.interval.unwrap_or(usual.interval());
        // Values of a collector that is slowed down must not be gone between its runs.
        let shown = Schedule::every(interval).oldest().max(usual.oldest());
        Schedule::every(interval)
            .deadline(self.timeout.unwrap_or(usual.longest()))
            .stale_after(shown)
    }
}

/// Reads a table that is named in what is said about it.
pub(super) struct TableOf<S>(pub(super) &'static str, PhantomData<S>);

impl<S> TableOf<S> {
    pub(super) fn new(name: &'static str) -> Self {
        Self(name, PhantomData)
    }
}

impl<'de, S: Deserialize<'de> + Default> DeserializeSeed<'de> for TableOf<S> {
    type Value = Table<S>;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<Table<S>, D::Error> {
        value.deserialize_map(self)
    }
}

impl<'de, S: Deserialize<'de> + Default> Visitor<'de> for TableOf<S> {
    type Value = Table<S>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a table `[collectors.{}]`", self.0)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Table<S>, A::Error> {
        let keys: Vec<_> = COMMON.iter().chain(keys_of::<S>()).copied().collect();
        let mut table = Table::default();
        let own = Own {
            map,
            name: self.0,
            keys: &keys,
            common: &mut table,
        };
        let own = S::deserialize(MapAccessDeserializer::new(own))?;
        Ok(Table {
            own,
            enabled: table.enabled,
            interval: table.interval,
            timeout: table.timeout,
        })
    }
}

/// The keys of a table without those that every table has: those are taken out on the way.
struct Own<'a, A> {
    map: A,
    name: &'static str,
    keys: &'a [&'static str],
    common: &'a mut Table<()>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Own<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        mut seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        loop {
            // What is wrong with a key is found while it is read, so that the parser knows where.
            let peek = Peek {
                name: self.name,
                keys: self.keys,
                seed,
            };
            match self.map.next_key_seed(peek)? {
                None => return Ok(None),
                Some(Key::Own(key)) => return Ok(Some(key)),
                Some(Key::Common(key, unused)) => {
                    seed = unused;
                    match key {
                        "enabled" => self.common.enabled = self.map.next_value()?,
                        "interval" => {
                            let least = AtLeast(SHORTEST, "100ms");
                            self.common.interval = Some(self.map.next_value_seed(least)?);
                        }
                        _ => {
                            let least = AtLeast(Duration::from_millis(1), "1ms");
                            self.common.timeout = Some(self.map.next_value_seed(least)?);
                        }
                    }
                }
            }
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// Reads a key, and gives it to whom it belongs.
struct Peek<'a, K> {
    name: &'static str,
    keys: &'a [&'static str],
    seed: K,
}

enum Key<K, V> {
    Common(&'static str, K),
    Own(V),
}

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for Peek<'_, K> {
    type Value = Key<K, K::Value>;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Self::Value, D::Error> {
        let key = String::deserialize(key)?;
        if !self.keys.contains(&key.as_str()) {
            let what = format!("key in `[collectors.{}]`:", self.name);
            return Err(de::Error::custom(hint::unknown(&what, &key, self.keys)));
        }
        match COMMON.iter().find(|common| **common == key) {
            Some(common) => Ok(Key::Common(common, self.seed)),
            None => self.seed.deserialize(key.into_deserializer()).map(Key::Own),
        }
    }
}

/// A duration that is not shorter than this.
struct AtLeast(Duration, &'static str);

impl<'de> DeserializeSeed<'de> for AtLeast {
    type Value = Duration;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<Duration, D::Error> {
        let duration = duration::deserialize(value)?;
        match duration >= self.0 {
            true => Ok(duration),
            false => Err(de::Error::custom(format!("it is at least \"{}\"", self.1))),
        }
    }
}

/// The keys of a struct of settings: what its `Deserialize` asks for by name.
pub(super) fn keys_of<'de, S: Deserialize<'de>>() -> &'static [&'static str] {
    match S::deserialize(Ask) {
        Err(Asked(keys)) => keys,
        Ok(_) => &[],
    }
}

/// Answers nothing, and tells what it was asked for.
struct Ask;

#[derive(Debug)]
struct Asked(&'static [&'static str]);

impl<'de> Deserializer<'de> for Ask {
    type Error = Asked;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Asked> {
        Err(Asked(fields))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
        Err(Asked(&[]))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is nothing to read")
    }
}

impl std::error::Error for Asked {}

impl de::Error for Asked {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn error(text: &str) -> String {
        text.parse::<Settings>().unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (text, parts) in [
            (
                "[collectors.netwrk]",
                ["line 1, column 13", "`netwrk`; did you mean `network`?"],
            ),
            (
                "[collectors.network]\n\nexcludes = []",
                ["line 3, column 1", "`excludes`; did you mean `exclude`?"],
            ),
            (
                "[collectors.rdma]\nexclude = []",
                [
                    "line 2, column 1",
                    "Known are `enabled`, `interval`, `timeout`",
                ],
            ),
            (
                "[collectors.rdma]\ninterval = 10",
                ["line 2, column 12", "expected a duration such as \"10s\""],
            ),
            (
                "[collectors.rdma]\ninterval = \"10 seconds\"",
                ["line 2, column 12", "`10 seconds` is not a duration"],
            ),
            (
                "[collectors.rdma]\ninterval = \"99ms\"",
                ["line 2, column 12", "at least \"100ms\""],
            ),
            (
                "[collectors.rdma]\ntimeout = \"0s\"",
                ["line 2, column 11", "at least \"1ms\""],
            ),
            (
                "[collectors.rdma]\nenabled = \"yes\"",
                ["line 2, column 11", "expected a boolean"],
            ),
            (
                "[collectors.network]\nexclude = [1]",
                ["line 2", "expected a string"],
            ),
            ("[collectors]\nrdma = 1", ["line 2", "expected a table"]),
            ("collectors = 1", ["line 1", "tables such as"]),
            (
                "[collectors.rdma]\n[collectors.rdma]",
                ["line 2", "duplicate"],
            ),
        ] {
            let error = error(text);
            for part in parts {
                assert!(error.contains(part), "{text:?}: {error}");
            }
        }
    }

    #[test]
    fn tables_of_others_are_let_be() {
        let settings: Settings = "[collect]\nx = 1\n[metrics]\nlisten = \"x\""
            .parse()
            .unwrap();
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn the_table_metrics_switches_kinds_of_collectors() {
        let all = Settings::default();
        assert!(all.libvirt.enabled && all.libvirt.own.per_vm && all.containers.own.per_container);
        let settings = |text: &str| text.parse::<Settings>().unwrap();

        let without = settings("[metrics]\ncollect_libvirt_stats = false");
        assert!(!without.libvirt.enabled && !without.libvirt_jobs.enabled);
        assert!(without.containers.enabled);
        let without = settings("[metrics]\ncollect_container_stats = false");
        assert!(without.libvirt.enabled && !without.containers.enabled);

        let few = settings("[metrics.limits]\nper_vm = false\n[collectors.libvirt]\nper_vm = true");
        assert!(!few.libvirt.own.per_vm && !few.libvirt_jobs.own.per_vm);
        assert!(!few.containers.own.per_container && few.containers.enabled);

        let both = settings("[collectors.libvirt]\nuri = \"test:///default\"");
        assert_eq!(
            both.libvirt_jobs.own.uri, "test:///default",
            "one daemon, said once"
        );
        let each = settings(
            "[collectors.libvirt]\nuri = \"a:///\"\n[collectors.libvirt_jobs]\nuri = \"b:///\"",
        );
        assert_eq!(each.libvirt_jobs.own.uri, "b:///");
    }

    #[test]
    fn keys_are_found_without_a_list_of_them() {
        let keys = Settings::keys("network").unwrap();
        assert_eq!(&keys[..3], COMMON);
        assert!(keys.contains(&"exclude"), "{keys:?}");
        assert_eq!(Settings::keys("rdma").unwrap(), COMMON);
        assert_eq!(Settings::keys("nothing"), None);
    }

    #[test]
    fn a_slower_collector_is_shown_for_longer() {
        let usual = Schedule::every(Duration::from_secs(5)).deadline(Duration::from_secs(2));
        let mut table = Table::<()>::default();
        assert_eq!(table.schedule(usual), usual);
        table.interval = Some(Duration::from_secs(60));
        let slow = table.schedule(usual);
        assert_eq!(slow.interval(), Duration::from_secs(60));
        assert_eq!(slow.longest(), Duration::from_secs(2));
        assert_eq!(slow.oldest(), Duration::from_secs(180));
        table.timeout = Some(Duration::from_secs(9));
        assert_eq!(table.schedule(usual).longest(), Duration::from_secs(9));
    }
}
