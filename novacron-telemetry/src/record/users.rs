//! Which users are shown, and by what.
//!
//! A user's id never becomes a label. What is shown is a keyed hash of it, SipHash-2-4 with a
//! secret key: a plain hash could be undone by hashing every id there is, this one by nobody without
//! the key. And only those are shown who make up a good part of the requests. All others are
//! `__other__` together, so that the sum over users stays the number of requests.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};

use siphasher::sip::SipHasher24;

use crate::label::OTHER;
use crate::sync::{AtomicU32, AtomicU64, Mutex, OnceLock, Ordering};

/// How users are shown, where a host asks for that at all: see
/// [`TelemetryBuilder::usage_by_user`](crate::telemetry::TelemetryBuilder::usage_by_user).
///
/// ```
/// use novacron_telemetry::Telemetry;
/// use novacron_telemetry::record::{UserLabels, record_api_usage};
///
/// let key = *b"from your secret"; // the same in every process of the service
/// let telemetry = Telemetry::builder("api-server", "1.2.3")
///     .usage_by_user(UserLabels::default().top(20).key(key))
///     .build()?;
/// telemetry.scope(|| {
///     for _ in 0..10 {
///         record_api_usage("alice@example.com", "/api/v1/vms");
///     }
/// });
/// let shown = telemetry.render();
/// assert!(shown.contains("novacron_api_usage_by_user_total{user_id=\"__other__\""));
/// assert!(!shown.contains("alice"));
/// # Ok::<(), novacron_telemetry::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct UserLabels {
    top: u16,
    key: Option<[u8; 16]>,
}

impl UserLabels {
    /// The most users that are shown one by one, up to 100, which is the default.
    ///
    /// A user is one of them from when on at least ten requests, and at least one in `top` of all,
    /// are theirs, and stays one of them. Requests before that are counted as `__other__`.
    #[must_use]
    pub fn top(mut self, top: u16) -> Self {
        self.top = top.min(MOST);
        self
    }

    /// The secret that ids are hashed with.
    ///
    /// With the same key a user has the same label in every process and after every restart. Without
    /// one each process makes its own, and forgets it: then nobody can find out who a user was, and
    /// the labels of two processes, or of one before and after a restart, cannot be compared.
    #[must_use]
    pub fn key(mut self, key: [u8; 16]) -> Self {
        self.key = Some(key);
        self
    }
}

impl Default for UserLabels {
    fn default() -> Self {
        Self {
            top: MOST,
            key: None,
        }
    }
}

/// Without the key: it must not get into a log.
impl fmt::Debug for UserLabels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserLabels")
            .field("top", &self.top)
            .field("keyed", &self.key.is_some())
            .finish_non_exhaustive()
    }
}

/// The users of one recorder. Nothing is allocated before the first of them is counted.
pub(super) struct Users {
    top: u16,
    key: [u8; 16],
    requests: AtomicU64,
    tables: OnceLock<Tables>,
}

struct Tables {
    /// How often each user came, at least: rows of counters, in each of which a user shares one with
    /// others. The smallest of a user's counters is the closest.
    counts: Box<[AtomicU32]>,
    /// The hashes of users who are shown, each at the first free place from where it belongs.
    shown: Box<[AtomicU64]>,
    len: AtomicU32,
    showing: Mutex<()>,
}

/// A label of a user: [`OTHER`], or 16 digits.
pub(super) struct UserKey(Option<[u8; 16]>);

impl Users {
    pub(super) fn new(settings: UserLabels) -> Self {
        let key = settings.key.unwrap_or_else(|| {
            // The standard library's own source of keys that nobody can guess.
            let half = || RandomState::new().build_hasher().finish().to_ne_bytes();
            let mut key = [0; 16];
            let (front, back) = key.split_at_mut(8);
            front.copy_from_slice(&half());
            back.copy_from_slice(&half());
            key
        });
        Self {
            top: settings.top,
            key,
            requests: AtomicU64::new(0),
            tables: OnceLock::new(),
        }
    }

    /// A request of this user: counts it and says what it is shown by.
    pub(super) fn label(&self, user: &str) -> UserKey {
        let tables = self.tables.get_or_init(Tables::new);
        let hash = self.hash(user);
        let requests = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let shown = tables.is_shown(hash) || {
            let share = requests.div_ceil(u64::from(self.top).max(1));
            u64::from(tables.count(hash)) >= share.max(AT_LEAST) && tables.show(hash, self.top)
        };
        UserKey(shown.then(|| digits(hash)))
    }

    fn hash(&self, user: &str) -> u64 {
        // 0 stands for a free place. One user in 2^64 becomes somebody else.
        SipHasher24::new_with_key(&self.key)
            .hash(user.as_bytes())
            .max(1)
    }
}

impl Tables {
    fn new() -> Self {
        Self {
            counts: (0..ROWS * WIDTH).map(|_| AtomicU32::new(0)).collect(),
            shown: (0..PLACES).map(|_| AtomicU64::new(0)).collect(),
            len: AtomicU32::new(0),
            showing: Mutex::new(()),
        }
    }

    /// Counts a request; says how many there were by this user, or a few more.
    fn count(&self, hash: u64) -> u32 {
        let counters = self.counts.chunks_exact(WIDTH).enumerate();
        counters
            .filter_map(|(row, counters)| {
                let place = (hash >> (16 * row)) as usize % WIDTH;
                let before = counters.get(place)?.fetch_add(1, Ordering::Relaxed);
                Some(before.saturating_add(1))
            })
            .min()
            .unwrap_or(0)
    }

    fn is_shown(&self, hash: u64) -> bool {
        self.places(hash)
            .map(|place| place.load(Ordering::Acquire))
            .take_while(|taken| *taken != 0)
            .any(|taken| taken == hash)
    }

    /// Shows a user from now on, unless as many are shown already. The lock is taken once for each
    /// user who is shown, and not any more when all places are taken.
    fn show(&self, hash: u64, top: u16) -> bool {
        if self.len.load(Ordering::Acquire) >= u32::from(top) {
            return false;
        }
        let _showing = self.showing.lock();
        let len = self.len.load(Ordering::Acquire);
        if self.is_shown(hash) {
            return true;
        }
        let free = |place: &&AtomicU64| place.load(Ordering::Relaxed) == 0;
        match self.places(hash).find(free) {
            Some(place) if len < u32::from(top) => {
                place.store(hash, Ordering::Release);
                self.len.store(len + 1, Ordering::Release);
                true
            }
            _ => false,
        }
    }

    fn places(&self, hash: u64) -> impl Iterator<Item = &AtomicU64> {
        let first = hash as usize % PLACES;
        self.shown.iter().cycle().skip(first).take(PLACES)
    }
}

impl UserKey {
    pub(super) fn as_str(&self) -> &str {
        let digits = self.0.as_ref();
        digits.map_or(OTHER, |digits| str::from_utf8(digits).unwrap_or(OTHER))
    }
}

fn digits(hash: u64) -> [u8; 16] {
    std::array::from_fn(|at| b"0123456789abcdef"[(hash >> (60 - 4 * at) & 15) as usize])
}

/// Does not show the key.
impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users")
            .field("top", &self.top)
            .finish_non_exhaustive()
    }
}

/// What the label's own cap leaves room for.
const MOST: u16 = 100;

/// Fewer requests make nobody conspicuous: else the first who come would all be shown.
const AT_LEAST: u64 = 10;

/// 16 KiB of counters: with a hundred thousand users who come once each, a user's smallest counter
/// is a hundred or so too high, and their share is 1 in 1 000.
const ROWS: usize = 4;
const WIDTH: usize = 1024;

/// A few times as many as can be taken, so that the first place looked at is mostly the right one.
const PLACES: usize = 256;

#[cfg(all(test, not(novacron_loom)))]
mod tests {
    use super::*;

    fn users(top: u16) -> Users {
        Users::new(UserLabels::default().top(top).key(*b"0123456789abcdef"))
    }

    fn shown(users: &Users, user: &str) -> bool {
        users.label(user).as_str() != OTHER
    }

    #[test]
    fn a_key_gives_each_user_one_label_and_another_key_another() {
        let label = |key, user| {
            let users = Users::new(UserLabels::default().key(key));
            let labels: Vec<_> = (0..20)
                .map(|_| users.label(user).as_str().to_owned())
                .collect();
            assert!(labels[..9].iter().all(|label| label == OTHER), "{labels:?}");
            assert!(labels[10..].iter().all(|label| *label == labels[19]));
            labels[19].clone()
        };
        let alice = label([7; 16], "alice");
        assert_eq!(alice.len(), 16);
        assert_eq!(alice, label([7; 16], "alice"));
        assert_ne!(alice, label([7; 16], "bob"));
        assert_ne!(alice, label([8; 16], "alice"));
    }

    /// The published vector of SipHash-2-4: the key 00…0f, the message 00…0e.
    #[test]
    fn the_hash_is_siphash_2_4() {
        let mut users = users(1);
        users.key = std::array::from_fn(|at| at as u8);
        let message: String = (0..15_u8).map(char::from).collect();
        assert_eq!(users.hash(&message), 0xa129_ca61_49be_45e5);
        assert_eq!(digits(0xa129_ca61_49be_45e5), *b"a129ca6149be45e5");
    }

    #[test]
    fn without_a_key_no_two_processes_agree() {
        let label = |users: &Users| users.hash("alice");
        let (a, b) = (
            Users::new(UserLabels::default()),
            Users::new(UserLabels::default()),
        );
        assert_ne!(label(&a), label(&b));
    }

    #[test]
    fn a_crowd_does_not_hide_who_comes_often() {
        let users = users(10);
        for at in 0..20_000 {
            users.label(&format!("passer-by {at}"));
            if at % 4 == 0 {
                users.label("alice");
            }
        }
        assert!(shown(&users, "alice"), "a fifth of all requests");
        assert!(!shown(&users, "passer-by 1"));
    }

    #[test]
    fn no_more_are_shown_than_were_asked_for() {
        let users = users(3);
        for _ in 0..50 {
            for user in 0..3 {
                users.label(&format!("user {user}"));
            }
        }
        for _ in 0..10_000 {
            users.label("late");
        }
        assert!((0..3).all(|user| shown(&users, &format!("user {user}"))));
        assert!(!shown(&users, "late"), "all places are taken");
    }

    #[test]
    fn none_are_shown_if_none_were_asked_for() {
        let users = users(0);
        for _ in 0..100 {
            assert!(!shown(&users, "alice"));
        }
    }

    #[test]
    fn the_key_is_not_printed() {
        let settings = UserLabels::default().key(*b"very secret key!");
        let users = Users::new(settings);
        assert_eq!(
            format!("{settings:?}"),
            "UserLabels { top: 100, keyed: true, .. }"
        );
        assert_eq!(format!("{users:?}"), "Users { top: 100, .. }");
    }
}
