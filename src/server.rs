//! The server from its start to its end.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::Duration as Days;
use sea_orm::ConnectionTrait;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{
    admin::AdminError,
    auth::{
        activity::Activity, external_issuer::ExternalIssuers, jwt::AccessTokens, password::Passwords,
        service_token::ServiceTokens, session::Sessions,
    },
    budget::Budgets,
    clock::Clock,
    config::{Config, ConfigError},
    db::{
        Database, Postgres, embedded::EmbeddedError, migrate, operator, pool, roles::RolesError,
        sign_in_failures::BackOff,
    },
    error::Error,
    gate::{Gate, Registry, RegistryError, SchemaError},
    graphql::engine::Engine,
    http::{App, Sockets, router, serve},
    jobs::{self, Jobs},
    mail::Mailer,
    project_keys,
    rotation::command::RotationError,
    secrets::{self, Secrets, SecretsError},
};

/// Why the server does not run. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A setting is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A secret cannot be had.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The private database does not run.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// The private database ended while the server ran.
    #[error("the database ended: {0}")]
    DatabaseEnded(Arc<EmbeddedError>),
    /// The operator's command on accounts.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// The rotation of the vault's key.
    #[error(transparent)]
    Rotation(#[from] RotationError),
    /// Roles or migrations.
    #[error(transparent)]
    Roles(#[from] RolesError),
    /// The database.
    #[error(transparent)]
    Database(#[from] Error),
    /// The schema that documents are validated against.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The documents that the operator trusts.
    #[error(transparent)]
    Documents(#[from] RegistryError),
    /// The database lacks migrations, and this server was told not to apply them.
    #[error("the database lacks {}: run `ogelbase migrate up` (OGELBASE_MIGRATE is false)", missing.join(", "))]
    NotMigrated {
        /// Their names.
        missing: Vec<String>,
    },
    /// The address cannot be served at.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The configured address.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// The HTTP server ended.
    #[error("the HTTP server ended: {0}")]
    Http(io::Error),
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    database: Database,
    postgres: Postgres,
    stop: watch::Sender<bool>,
    http: JoinHandle<()>,
    sockets: Sockets,
    notices: JoinHandle<()>,
    jobs: Option<Jobs>,
    patience: Duration,
}

impl Server {
    /// Brings everything up: secrets, database, migrations, missing keys, HTTP.
    ///
    /// # Errors
    /// [`ServerError`]; whatever was started is stopped again.
    pub async fn start(config: Config, clock: Clock) -> Result<Self, ServerError> {
        let started = Instant::now();
        // The database comes first: it makes the data directory so that postgres, another user under root, can pass.
        let postgres = Postgres::open(&config).await?;
        let secrets = secrets::resolve(&config)?;
        prepare(&config, &postgres, &secrets, &clock).await?;
        let database = Database::connect(&pool::Settings {
            url: postgres.url().to_owned(),
            connections: config.database_connections,
            statement_timeout_ms: config.statement_timeout_ms,
            shadow_percent: config.rls_shadow_percent,
        })?;
        let notices = database.listen();
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|error| ServerError::Listen { address: config.listen, error })?;
        let address = listener.local_addr().map_err(ServerError::Http)?;
        let vault = Arc::new(secrets.vault);
        let work = match config.jobs {
            true => Some(jobs::Settings {
                url: postgres.url().to_owned(),
                vault: Arc::clone(&vault),
                mailer: Mailer::new(&config)?,
                clock: clock.clone(),
                woken: database.work(),
            }),
            false => None,
        };
        let sessions = Sessions {
            tokens: AccessTokens::new(&secrets.jwt, config.access_token_seconds),
            external: Arc::new(ExternalIssuers::new(&config.external_issuers)?),
            services: ServiceTokens::new(&secrets.jwt),
            passwords: Passwords::new(config.argon2_memory_kib, config.argon2_passes, config.argon2_concurrency)?,
            clock: clock.clone(),
            lifetime: Days::days(config.session_days.into()),
            demo_accounts: config.development(),
            activity: Activity::default(),
            back_off: BackOff {
                free_of_account: config.sign_in_free_failures,
                free_of_address: config.sign_in_free_failures_of_address,
                longest_seconds: config.sign_in_longest_wait_seconds,
            },
        };
        let patience = Duration::from_secs(config.request_timeout_seconds);
        let sockets = Sockets::new(&config);
        let config = Arc::new(config);
        let documents = Registry::open(Gate::new(&config)?, &config)?;
        let settings = Arc::clone(&config);
        let app = Arc::new(App {
            documents,
            engine: Engine::new(&config),
            budgets: Arc::new(Budgets::new(&config, clock)),
            sockets: sockets.clone(),
            database: database.clone(),
            sessions: Arc::new(sessions),
            vault,
            config,
        });
        let (stop, mut stopped) = watch::channel(false);
        let http = tokio::spawn(async move {
            let told = async move {
                let _ = stopped.wait_for(|stopped| *stopped).await;
            };
            serve(listener, router(app), settings, told).await
        });
        let jobs = work.map(Jobs::start);
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(%address, milliseconds, "serving");
        Ok(Self { address, database, postgres, stop, http, sockets, notices, jobs, patience })
    }

    /// Where it serves.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its WebSockets.
    #[must_use]
    pub fn sockets(&self) -> &Sockets {
        &self.sockets
    }

    /// Its database.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Runs until `told` to stop, or until something that it needs has ended.
    ///
    /// # Errors
    /// [`ServerError`] when it ended for another reason than being told to.
    pub async fn run(mut self, told: impl Future<Output = ()>) -> Result<(), ServerError> {
        tokio::select! {
            () = told => {}
            error = self.postgres.failure() => return Err(ServerError::DatabaseEnded(error)),
            ended = &mut self.http => {
                return ended.map_err(|panic| ServerError::Http(io::Error::other(panic)));
            }
        }
        tracing::info!("stopping: running requests are finished first");
        self.stop().await
    }

    /// Stops in good order: no new connections, WebSockets are closed, running requests finish (for as long as a request
    /// may take), what a job is at is finished, then the private database stops.
    ///
    /// # Errors
    /// [`ServerError::Embedded`] when the private database does not stop.
    pub async fn stop(self) -> Result<(), ServerError> {
        let _ = self.stop.send(true);
        self.sockets.close().await;
        let mut http = self.http;
        if tokio::time::timeout(self.patience, &mut http).await.is_err() {
            tracing::warn!("some connections were still open and are cut");
            http.abort();
        }
        self.notices.abort();
        if let Some(jobs) = self.jobs {
            jobs.stop(self.patience).await;
        }
        // A connection that is still rolling back is waited for, but not for ever.
        let _ = tokio::time::timeout(Duration::from_secs(5), self.database.close()).await;
        self.postgres.close().await?;
        Ok(())
    }
}

/// Brings the database to what this server needs.
async fn prepare(config: &Config, postgres: &Postgres, secrets: &Secrets, clock: &Clock) -> Result<(), ServerError> {
    if config.migrate {
        migrate::up(postgres.url()).await?;
    } else {
        let all = migrate::status(postgres.url()).await?;
        let missing: Vec<String> = all.into_iter().filter(|(_, applied)| !applied).map(|(name, _)| name).collect();
        if !missing.is_empty() {
            return Err(ServerError::NotMigrated { missing });
        }
    }
    let service = operator::connect_as_service(postgres.url()).await?;
    let sealed = project_keys::seal_missing(&service, &secrets.vault, clock.now()).await?;
    // Three months of partitions ahead of the clock, so that no row falls into the default one.
    service.execute_unprepared("SELECT platform_private.ensure_partitions(0, 3)").await.map_err(Error::from)?;
    if sealed > 0 {
        tracing::info!(projects = sealed, "made the keys of projects that had none");
    }
    service.close().await.map_err(Error::from)?;
    Ok(())
}
