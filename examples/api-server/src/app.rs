//! What handlers share, and how it is put together.

use std::{error::Error as _, io, sync::Arc};

use novacron_telemetry::{Telemetry, record::Recorder};

use crate::{
    Options,
    database::{Database, DatabaseError, DatabaseOptions},
    events::Events,
    faults::Faults,
    fleet::Fleet,
    health::Health,
    metrics::FleetMetrics,
    store::Store,
    webhook::Alerts,
};

/// Everything behind the routes.
#[derive(Debug)]
pub struct App {
    /// The database.
    pub store: Arc<Store>,
    /// The VMs in it.
    pub fleet: Fleet,
    /// Who listens to their changes.
    pub events: Arc<Events>,
    /// Whether all is well.
    pub health: Health,
    /// What is switched on to go wrong.
    pub faults: Arc<Faults>,
    /// What Alertmanager said.
    pub alerts: Alerts,
    /// The fleet's own numbers.
    pub metrics: FleetMetrics,
    /// What everything else is counted by.
    pub telemetry: Telemetry,
}

impl App {
    /// Opens the database, and registers what is counted beside the catalog.
    ///
    /// # Errors
    /// When the database cannot be opened, or a family of that name exists already; the message
    /// says which.
    pub async fn open(options: &Options, telemetry: &Telemetry) -> io::Result<Arc<Self>> {
        let metrics = telemetry
            .register::<FleetMetrics>()
            .map_err(io::Error::other)?;
        let recorder = telemetry.recorder();
        let (faults, events) = (Arc::new(Faults::default()), Arc::new(Events::new()));
        let store = open_store(options, &faults, recorder)
            .await
            .map_err(|error| {
                let cause = error.source().map(ToString::to_string).unwrap_or_default();
                io::Error::other(format!("cannot open the database: {error}: {cause}"))
            })?;
        let store = Arc::new(store);
        let fleet = Fleet::new(
            Arc::clone(&store),
            Arc::clone(&events),
            recorder.clone(),
            metrics.clone(),
            options.abandoned,
        );
        let health = Health::new(Arc::clone(&faults), telemetry).map_err(io::Error::other)?;
        let alerts = Alerts::new(recorder.clone());
        let app = Arc::new(Self {
            store,
            fleet,
            events,
            health,
            faults,
            alerts,
            metrics,
            telemetry: telemetry.clone(),
        });
        // So that the first question about its health has an answer.
        app.fleet.look(&app.health).await;
        Ok(app)
    }
}

async fn open_store(
    options: &Options,
    faults: &Arc<Faults>,
    recorder: &Recorder,
) -> Result<Store, DatabaseError> {
    let database = DatabaseOptions {
        file: options.database.clone(),
        connections: options.connections,
        acquire_timeout: options.acquire_timeout,
    };
    Store::open(Database::open(database, Arc::clone(faults), recorder.clone()).await?).await
}
