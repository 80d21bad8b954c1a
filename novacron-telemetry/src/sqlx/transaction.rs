//! A transaction that is counted when it ends.

use std::fmt;
use std::ops::{Deref, DerefMut};

use ::sqlx::pool::PoolConnection;
use ::sqlx::{Database, Error, SqlStr, Transaction};

use crate::catalog::database::TransactionOutcome;
use crate::record::{Moment, Recorder};

/// A transaction of an [`ObservedPool`](super::ObservedPool). As with sqlx's own, `&mut *transaction`
/// is the connection that statements run on, and one that is dropped is rolled back.
///
/// A commit that fails, or is dropped before the database answered, counts as a rollback. Savepoints
/// inside of it are not counted.
#[must_use = "dropped at once, it is rolled back"]
pub struct ObservedTransaction<DB: Database> {
    transaction: Transaction<'static, DB>,
    end: End,
}

/// Counts the transaction when it is dropped.
#[derive(Debug)]
struct End {
    recorder: Recorder,
    begun: Moment,
    outcome: TransactionOutcome,
}

impl<DB: Database> ObservedTransaction<DB> {
    /// sqlx leaves `Transaction::begin` out of its documentation, but `Pool::begin` takes the
    /// connection itself: a `BEGIN IMMEDIATE` that waits for a lock would look like a pool that is
    /// used up.
    pub(super) async fn begin(
        recorder: Recorder,
        connection: PoolConnection<DB>,
        statement: Option<SqlStr>,
    ) -> Result<Self, Error> {
        let begun = Moment::now();
        let transaction = Transaction::begin(connection, statement).await?;
        let outcome = TransactionOutcome::Rollback;
        Ok(Self {
            transaction,
            end: End {
                recorder,
                begun,
                outcome,
            },
        })
    }

    /// Commits it.
    ///
    /// # Errors
    ///
    /// As [`Transaction::commit`].
    pub async fn commit(self) -> Result<(), Error> {
        let Self {
            transaction,
            mut end,
        } = self;
        transaction.commit().await?;
        end.outcome = TransactionOutcome::Commit;
        Ok(())
    }

    /// Rolls it back, and waits for that.
    ///
    /// # Errors
    ///
    /// As [`Transaction::rollback`].
    pub async fn rollback(self) -> Result<(), Error> {
        let Self {
            transaction,
            end: _end,
        } = self;
        transaction.rollback().await
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let lasted = Moment::now().since(self.begun);
        self.recorder.database_transaction(self.outcome, lasted);
    }
}

impl<DB: Database> Deref for ObservedTransaction<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        &self.transaction
    }
}

impl<DB: Database> DerefMut for ObservedTransaction<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        &mut self.transaction
    }
}

impl<DB: Database> fmt::Debug for ObservedTransaction<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObservedTransaction")
            .finish_non_exhaustive()
    }
}
