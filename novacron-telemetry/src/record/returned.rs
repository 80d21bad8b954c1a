//! What a marked function returned: how that says how the work ended, and what it measured.

use std::marker::PhantomData;

use super::migration::Measured;
use super::verdict::Verdict;
use super::{AsResult, Outcome, ToOutcome};
use crate::metric::Seconds;

/// The returned type, to be read with what an attribute was given. Closures are passed to these
/// methods and never called in place, so the types of their parameters are known.
#[derive(Debug)]
pub struct Returned<R>(PhantomData<fn(&R)>);

/// A function returns this.
#[must_use]
pub fn returned<R>() -> Returned<R> {
    Returned(PhantomData)
}

impl<R> Returned<R> {
    /// Reads outcomes with the closure that `outcome = …` gives.
    pub fn outcome<V, O>(self, read: impl FnOnce(&R) -> O) -> impl FnOnce(&R) -> V
    where
        V: Verdict,
        O: Into<V::Said>,
    {
        move |value| V::from(read(value).into())
    }
}

/// A function returns this, and it is a `Result`. A step of its own, so that a type that is none is
/// told about the type, and a reader that does not fit is told about the reader.
#[must_use]
pub fn result<R: AsResult>() -> Results<R, R::Value, R::Error> {
    Results(R::as_result)
}

/// A returned type that is a `Result`.
#[derive(Debug)]
pub struct Results<R, T, E>(fn(&R) -> Result<&T, &E>);

impl<R, T, E> Results<R, T, E> {
    /// Reads errors with the function that `error = …` names.
    pub fn error<V, W>(self, read: impl FnOnce(&E) -> W) -> impl FnOnce(&R) -> V
    where
        V: Verdict,
        W: Into<V::Reason>,
    {
        move |value| match (self.0)(value) {
            Ok(_) => V::from(Outcome::Success),
            Err(error) => V::failed(read(error).into()),
        }
    }

    /// Reads the bytes that a migration moved.
    pub fn bytes(self, read: impl FnOnce(&T) -> u64) -> impl FnOnce(&R, &mut Measured) {
        self.success(|done: &T, moved: &mut Measured| moved.bytes = Some(read(done)))
    }

    /// Reads how long a guest stood still.
    pub fn downtime<S: Into<Seconds>>(
        self,
        read: impl FnOnce(&T) -> S,
    ) -> impl FnOnce(&R, &mut Measured) {
        self.success(|done: &T, moved: &mut Measured| {
            moved.downtime = Some(read(done).into().get());
        })
    }

    /// Reads how many rows a statement read.
    pub fn rows_returned<N: Count>(self, read: impl FnOnce(&T) -> N) -> impl FnOnce(&R, &mut Rows) {
        self.success(|done: &T, rows: &mut Rows| rows.returned = read(done).count())
    }

    /// Reads how many rows a statement changed.
    pub fn rows_affected<N: Count>(self, read: impl FnOnce(&T) -> N) -> impl FnOnce(&R, &mut Rows) {
        self.success(|done: &T, rows: &mut Rows| rows.affected = read(done).count())
    }

    /// Only success has something to measure.
    fn success<M>(self, read: impl FnOnce(&T, &mut M)) -> impl FnOnce(&R, &mut M) {
        move |value, measured| {
            if let Ok(value) = (self.0)(value) {
                read(value, measured);
            }
        }
    }
}

/// What the returned value says of itself.
pub fn outcome_of<T: ToOutcome, V: Verdict>(value: &T) -> V {
    value.to_outcome().into()
}

/// What a finished statement says about itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Rows it read.
    pub returned: u64,
    /// Rows it changed.
    pub affected: u64,
}

/// How many there are, as `len()` and databases say it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how many rows there are",
    label = "expected a number of rows",
    note = "`rows_returned` and `rows_affected` read a `u64`, a `u32` or a `usize` from the value in `Ok`"
)]
pub trait Count {
    /// The number.
    fn count(self) -> u64;
}

impl Count for u64 {
    fn count(self) -> u64 {
        self
    }
}

impl Count for u32 {
    fn count(self) -> u64 {
        self.into()
    }
}

impl Count for usize {
    fn count(self) -> u64 {
        self as u64
    }
}

/// A word that may be stated or not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no `{T}`",
    label = "expected a `{T}`, or an `Option` of one"
)]
pub trait Stated<T> {
    /// The word, if there is one.
    fn stated(self) -> Option<T>;
}

impl<T> Stated<T> for T {
    fn stated(self) -> Option<T> {
        Some(self)
    }
}

impl<T> Stated<T> for Option<T> {
    fn stated(self) -> Option<T> {
        self
    }
}

/// The readers that an attribute was given, one per thing that is measured.
pub trait Measure<T, M> {
    /// Notes what the value says.
    fn measure(self, value: &T, measured: &mut M);
}

impl<T, M> Measure<T, M> for () {
    fn measure(self, _: &T, _: &mut M) {}
}

impl<T, M, A> Measure<T, M> for (A,)
where
    A: FnOnce(&T, &mut M),
{
    fn measure(self, value: &T, measured: &mut M) {
        self.0(value, measured);
    }
}

impl<T, M, A, B> Measure<T, M> for (A, B)
where
    A: FnOnce(&T, &mut M),
    B: FnOnce(&T, &mut M),
{
    fn measure(self, value: &T, measured: &mut M) {
        self.0(value, measured);
        self.1(value, measured);
    }
}
