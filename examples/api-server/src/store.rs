//! The table `vms`: each statement once, and what it means.
//!
//! Every method fails the way [`Database`] fails: no connection, or a statement that SQLite
//! refused.

use std::time::Duration;

use novacron_telemetry::catalog::database::DbOperation;
use sqlx::{Row, Sqlite, query::Query, sqlite::SqliteArguments};

use crate::{
    database::{Database, DatabaseError},
    vm::{self, Census, NewVm, Share, State, Vm},
};

/// All VMs there are.
#[derive(Debug)]
pub struct Store {
    database: Database,
}

impl Store {
    /// The table in `database`, which is created if it is missing.
    pub(crate) async fn open(database: Database) -> Result<Self, DatabaseError> {
        database
            .rows(DbOperation::Ddl, TABLE, sqlx::query(SCHEMA))
            .await?;
        Ok(Self { database })
    }

    /// What the table is in.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// The VMs with an id above `after`, in the order of their ids, at most `limit`.
    pub(crate) async fn page(
        &self,
        after: i64,
        limit: u32,
        state: Option<State>,
    ) -> Result<Vec<Vm>, DatabaseError> {
        let query = sqlx::query(
            "SELECT * FROM vms WHERE id > ?1 AND (?2 IS NULL OR state = ?2) ORDER BY id LIMIT ?3",
        )
        .bind(after)
        .bind(state.map(State::as_str))
        .bind(limit);
        self.vms(DbOperation::Select, query).await
    }

    /// The VM of this id, if there is one.
    pub(crate) async fn find(&self, id: i64) -> Result<Option<Vm>, DatabaseError> {
        let query = sqlx::query("SELECT * FROM vms WHERE id = ?1").bind(id);
        Ok(self.vms(DbOperation::Select, query).await?.pop())
    }

    /// A new VM, stopped; `None` if its name is taken.
    pub(crate) async fn insert(&self, new: &NewVm) -> Result<Option<Vm>, DatabaseError> {
        let NewVm {
            name,
            vcpus,
            memory_mib,
        } = new;
        // A taken name is the client's mistake, not a failure of the database: it must not count as
        // one.
        let query = sqlx::query(
            "INSERT INTO vms (name, vcpus, memory_mib) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO NOTHING RETURNING *",
        )
        .bind(name.as_str())
        .bind(vcpus)
        .bind(memory_mib);
        Ok(self.vms(DbOperation::Insert, query).await?.pop())
    }

    /// Leads a VM from one state to another; `None` if it is not in the first, or not at all.
    pub(crate) async fn shift(
        &self,
        id: i64,
        from: State,
        to: State,
    ) -> Result<Option<Vm>, DatabaseError> {
        let query = sqlx::query(
            "UPDATE vms SET state = ?3, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
             WHERE id = ?1 AND state = ?2 RETURNING *",
        )
        .bind(id)
        .bind(from.as_str())
        .bind(to.as_str());
        Ok(self.vms(DbOperation::Update, query).await?.pop())
    }

    /// Takes a stopped VM out of the table and returns it; `None` if it is not stopped, or not at
    /// all.
    pub(crate) async fn delete(&self, id: i64) -> Result<Option<Vm>, DatabaseError> {
        let query =
            sqlx::query("DELETE FROM vms WHERE id = ?1 AND state = 'stopped' RETURNING *").bind(id);
        Ok(self.vms(DbOperation::Delete, query).await?.pop())
    }

    /// VMs that have been in a passing state for longer than `age`.
    pub(crate) async fn abandoned(&self, age: Duration) -> Result<Vec<Vm>, DatabaseError> {
        let query = sqlx::query(
            "SELECT * FROM vms WHERE state IN ('starting', 'stopping')
             AND updated_at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ?1)",
        )
        .bind(format!("-{:.3} seconds", age.as_secs_f64()));
        self.vms(DbOperation::Select, query).await
    }

    /// What the VMs in each state amount to.
    pub(crate) async fn census(&self) -> Result<Census, DatabaseError> {
        let query = sqlx::query(
            "SELECT state, COUNT(*) AS vms, SUM(vcpus) AS vcpus, SUM(memory_mib) AS memory_mib
             FROM vms GROUP BY state",
        );
        let rows = self
            .database
            .rows(DbOperation::Select, TABLE, query)
            .await?;
        let mut census = Census::default();
        for row in &rows {
            let share = || {
                Ok(Share {
                    vms: row.try_get("vms")?,
                    vcpus: row.try_get("vcpus")?,
                    memory_mib: row.try_get("memory_mib")?,
                })
            };
            let state = vm::state(row).map_err(DatabaseError::Query)?;
            census[state as usize] = share().map_err(DatabaseError::Query)?;
        }
        Ok(census)
    }

    async fn vms(
        &self,
        operation: DbOperation,
        query: Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<Vec<Vm>, DatabaseError> {
        let rows = self.database.rows(operation, TABLE, query).await?;
        rows.iter()
            .map(Vm::try_from)
            .collect::<sqlx::Result<_>>()
            .map_err(DatabaseError::Query)
    }
}

/// Its name in metrics.
const TABLE: &str = "vms";

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS vms (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL UNIQUE,
    vcpus      INTEGER NOT NULL,
    memory_mib INTEGER NOT NULL,
    state      TEXT NOT NULL DEFAULT 'stopped'
               CHECK (state IN ('starting', 'running', 'stopping', 'stopped')),
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT";
