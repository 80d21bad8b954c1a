//! Which tokens are good, and until when.

use std::time::{Duration, Instant};

use subtle::Choice;

use super::token::Digest;

/// The digests of all tokens that mean something.
#[derive(Clone, Debug)]
pub(super) struct Book {
    good: Vec<Digest>,
    /// Those that were good, and until when they are accepted. The latest are kept after that, so
    /// that their holders are told what is wrong.
    old: Vec<(Digest, Instant)>,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Good,
    /// It was good once.
    Expired,
    Unknown,
}

/// How many old tokens are remembered once they are not accepted any more.
const REMEMBERED: usize = 8;

impl Book {
    pub(super) fn new(token: Digest) -> Self {
        Self {
            good: vec![token],
            old: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, token: Digest) {
        self.good.push(token);
    }

    /// Makes this the only good token; whether it was not yet. The others are accepted for `grace`.
    pub(super) fn replace(&mut self, token: Digest, grace: Duration) -> bool {
        let now = Instant::now();
        let known = |other: &Digest| bool::from(other.is(&token));
        if matches!(&self.good[..], [only] if known(only)) {
            return false;
        }
        // One that comes back is old no more.
        self.old.retain(|(digest, _)| !known(digest));
        let until = now.checked_add(grace).unwrap_or(now);
        let retired = std::mem::take(&mut self.good);
        let retired = retired.into_iter().filter(|digest| !known(digest));
        self.old.extend(retired.map(|digest| (digest, until)));
        self.good.push(token);
        let expired = self.old.iter().filter(|(_, until)| *until <= now).count();
        let mut forget = expired.saturating_sub(REMEMBERED);
        self.old.retain(|(_, until)| {
            let gone = *until <= now && forget > 0;
            forget -= usize::from(gone);
            !gone
        });
        true
    }

    /// Compares with all of them, always, so that the time it takes says nothing.
    pub(super) fn find(&self, token: &Digest, now: Instant) -> Found {
        let mut good = Choice::from(0);
        let mut expired = Choice::from(0);
        for digest in &self.good {
            good |= digest.is(token);
        }
        for (digest, until) in &self.old {
            let same = digest.is(token);
            let accepted = Choice::from(u8::from(now < *until));
            good |= same & accepted;
            expired |= same & !accepted;
        }
        if good.into() {
            Found::Good
        } else if expired.into() {
            Found::Expired
        } else {
            Found::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(text: &str) -> Digest {
        Digest::of(text.as_bytes())
    }

    #[test]
    fn the_old_one_is_good_until_the_grace_period_ends_and_known_after_it() {
        let mut book = Book::new(digest("a"));
        let grace = Duration::from_secs(60);
        assert!(book.replace(digest("b"), grace));
        let now = Instant::now();
        assert_eq!(book.find(&digest("a"), now), Found::Good);
        assert_eq!(book.find(&digest("b"), now), Found::Good);
        assert_eq!(book.find(&digest("c"), now), Found::Unknown);
        let later = now + grace;
        assert_eq!(book.find(&digest("a"), later), Found::Expired);
        assert_eq!(book.find(&digest("b"), later), Found::Good);
    }

    #[test]
    fn one_that_comes_back_is_good_for_good() {
        let mut book = Book::new(digest("a"));
        assert!(!book.replace(digest("a"), Duration::ZERO), "nothing new");
        assert!(book.replace(digest("b"), Duration::ZERO));
        assert!(book.replace(digest("a"), Duration::ZERO));
        let later = Instant::now() + Duration::from_secs(9);
        assert_eq!(book.find(&digest("a"), later), Found::Good);
        assert_eq!(book.find(&digest("b"), later), Found::Expired);
    }

    #[test]
    fn the_book_does_not_grow_with_rotations() {
        let mut book = Book::new(digest("0"));
        for n in 1..1000 {
            book.replace(digest(&n.to_string()), Duration::ZERO);
        }
        assert!(book.old.len() <= REMEMBERED + 1, "{}", book.old.len());
        assert_eq!(book.find(&digest("998"), Instant::now()), Found::Expired);
        assert_eq!(book.find(&digest("1"), Instant::now()), Found::Unknown);
    }
}
