//! The server's settings: defaults, then a file, then the environment, then flags; later ones win.
//!
//! Every setting `x_y` is `OGELBASE_X_Y` in the environment and `x_y = ...` in the file (TOML, named by
//! `OGELBASE_CONFIG`, or `ogelbase.toml` in the working directory). An unknown name or a bad value stops the start.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use figment::{
    Figment,
    error::Kind,
    providers::{Env, Format, Serialized, Toml},
};
use ipnetwork::IpNetwork;
use serde::{Deserialize, Serialize};

use external_issuer::ExternalIssuer;

mod check;
mod choice;
pub mod external_issuer;
mod hidden;

pub use choice::{Environment, LogFormat, MailTransport, ProxyHeader, TrustedDocuments};
pub use hidden::Hidden;

const PREFIX: &str = "OGELBASE_";

/// Settings that are taken from the environment as they stand. Of the others, `true`, `12` and the like are read.
const TEXTS: [&str; 12] = [
    "app_url",
    "data_dir",
    "database_url",
    "jwt_secret",
    "log",
    "mail_dir",
    "mail_from",
    "pg_bin_dir",
    "smtp_ca_file",
    "smtp_url",
    "trusted_documents_file",
    "vault_keys",
];

/// Names that other programs use too; our own win over them.
const CONVENTIONAL: [(&str, &str); 2] = [("DATABASE_URL", "database_url"), ("PG_BIN_DIR", "pg_bin_dir")];

/// All settings of the server, each with its documentation; `docs/configuration.md` lists them for the operator.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `development` (default) or `production`.
    #[serde(rename = "env")]
    pub environment: Environment,
    /// Address and port that HTTP is served at. Default `127.0.0.1:4000`.
    pub listen: SocketAddr,
    /// Where the server keeps its files: the private database, and in development its generated secrets.
    /// Default `./.ogelbase`.
    pub data_dir: PathBuf,
    /// PostgreSQL to use, as a `postgres://` URL; also read from `DATABASE_URL`. None: a private one is started.
    pub database_url: Option<String>,
    /// Connections to the database that requests may hold at once (1 to 1,000). Default 20.
    pub database_connections: u32,
    /// Directory with `postgres` and `initdb` for the private database; also read from `PG_BIN_DIR`.
    pub pg_bin_dir: Option<PathBuf>,
    /// Milliseconds after which a statement of a request is stopped (100 to 600,000). Default 15,000.
    pub statement_timeout_ms: u32,
    /// Of a hundred requests so many are sampled while row-level security is in shadow mode (0 to 100). Default 100.
    pub rls_shadow_percent: u32,
    /// Apply missing migrations at start. Default true. Where false, a database that lacks one stops the start.
    pub migrate: bool,
    /// Secret that signs access tokens (HS256), at least 32 characters. In development made at the first start.
    pub jwt_secret: Option<String>,
    /// The vault's key ring, `id:base64,id:base64`: 32 bytes each, the first one seals, all of them open.
    /// In development made at the first start.
    pub vault_keys: Option<String>,
    /// Lifetime of an access token in seconds (60 to 3,600). Default 900.
    pub access_token_seconds: u32,
    /// Lifetime of a session in days (1 to 365). Default 30.
    pub session_days: u32,
    /// Memory of one Argon2id hash in KiB (19,456 is OWASP's recommendation and the default).
    pub argon2_memory_kib: u32,
    /// Passes of one Argon2id hash (1 to 10). Default 2.
    pub argon2_passes: u32,
    /// Password hashes computed at once; further ones wait (1 to 64). Default 2.
    pub argon2_concurrency: usize,
    /// Failed sign-ins that an account has free; each one beyond them doubles the wait (0: no wait, to 1,000).
    /// Default 5.
    pub sign_in_free_failures: u32,
    /// Failed sign-ins, and mails asked for, that a client's address has free, likewise (0: no wait, to 1,000,000).
    /// Default 50.
    pub sign_in_free_failures_of_address: u32,
    /// Longest wait after failed sign-ins in seconds (1 to 86,400). Default 900.
    pub sign_in_longest_wait_seconds: u32,
    /// Connections of clients at once (1 to 1,000,000). Default 8,192.
    pub max_connections: usize,
    /// Of them from one address (over IPv6: one /64), proxies of ours apart (1 to 1,000,000). Default 512.
    pub max_connections_of_address: usize,
    /// Requests under way at once; each may hold a body in memory (1 to 1,000,000). Default 1,024.
    pub max_requests: usize,
    /// Of them of one address (1 to 1,000,000). Default 256.
    pub max_requests_of_address: usize,
    /// Seconds within which the head of a request must have arrived, and on a new connection its first (1 to 600).
    /// Default 10.
    pub head_timeout_seconds: u64,
    /// Seconds that a connection may wait for its next request (1 to 3,600). Default 75.
    pub idle_timeout_seconds: u64,
    /// Seconds within which a client must take the next piece of its answer (1 to 600). Default 30.
    pub answer_timeout_seconds: u64,
    /// Networks of the reverse proxies whose word counts for where a request comes from. Default none.
    pub trusted_proxies: Vec<IpNetwork>,
    /// The header in which they say so: `x-forwarded-for` (default) or `forwarded`.
    pub proxy_header: ProxyHeader,
    /// Origins of web pages that may ask from other hosts, as `https://studio.example.com`. Default none.
    pub cors_origins: Vec<String>,
    /// Seconds for which browsers are told to come by HTTPS alone (0: not told, to 63,072,000). Default 0.
    pub hsts_seconds: u64,
    /// Whether documents of `trusted_documents_file` run: `off` (default), `also` those, or `only` those.
    pub trusted_documents: TrustedDocuments,
    /// A JSON object of ids and documents, as graphql-codegen's client preset writes it. None: there are no such.
    pub trusted_documents_file: Option<PathBuf>,
    /// Largest body of a request in bytes. Default 262,144.
    pub body_limit_bytes: usize,
    /// Seconds within which the body of a request must have arrived (1 to 600). Default 10.
    pub body_timeout_seconds: u64,
    /// Seconds after which a request that is still running is given up. Default 30.
    pub request_timeout_seconds: u64,
    /// What a user's requests may cost in a minute (0: unlimited, to 2,147,483,647). Default 2,000,000.
    pub user_cost_per_minute: u32,
    /// The same for an API key. Default 2,000,000.
    pub key_cost_per_minute: u32,
    /// The same for all of a client's address who are not signed in. Default 2,000,000.
    pub anonymous_cost_per_minute: u32,
    /// The same for a service token. Default 0.
    pub service_cost_per_minute: u32,
    /// WebSockets open at once (0: none, to 1,000,000). Default 5,000.
    pub websocket_sockets: usize,
    /// Of them from one address; behind a proxy all come from its address (0 to 1,000,000). Default 200.
    pub websocket_sockets_per_address: usize,
    /// Operations that run on one WebSocket at once (1 to 10,000). Default 50.
    pub websocket_operations: usize,
    /// Seconds within which `connection_init` must come (1 to 600). Default 10.
    pub websocket_init_seconds: u64,
    /// Seconds between two pings; who answers none and takes nothing for twice as long is cut (1 to 600). Default 20.
    pub websocket_ping_seconds: u64,
    /// Outside issuers whose tokens are accepted. Default none.
    pub external_issuers: Vec<ExternalIssuer>,
    /// Where people use the platform; links in mails lead there. None: in development, this server's own address.
    pub app_url: Option<String>,
    /// `smtp`, `file` or `log`. None: in development `log`; in production it must be given, and not be `log`.
    pub mail_transport: Option<MailTransport>,
    /// Whom mails are from, as `ogelbase <noreply@example.com>`. None: in development `ogelbase@localhost`.
    pub mail_from: Option<String>,
    /// The mail server for `smtp`: `smtps://user:password@host`, or `smtp://user:password@host?tls=required`.
    pub smtp_url: Option<Hidden>,
    /// A PEM file with certificates that the mail server's may be signed by, besides those that the system trusts.
    pub smtp_ca_file: Option<PathBuf>,
    /// Where `file` puts mails. None: `mail` in the data directory.
    pub mail_dir: Option<PathBuf>,
    /// Run the jobs: mails, partitions, retention. Default true; where false, another server on the database must.
    pub jobs: bool,
    /// Serve GraphiQL. None: in development only.
    pub graphiql: Option<bool>,
    /// Answer introspection. None: in development only.
    pub introspection: Option<bool>,
    /// `text` (default) or `json`.
    pub log_format: LogFormat,
    /// What is logged, in the notation of `tracing`'s `EnvFilter`. Default `info`.
    pub log: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            environment: Environment::Development,
            listen: SocketAddr::from(([127, 0, 0, 1], 4000)),
            data_dir: PathBuf::from("./.ogelbase"),
            database_url: None,
            database_connections: 20,
            pg_bin_dir: None,
            statement_timeout_ms: 15_000,
            rls_shadow_percent: 100,
            migrate: true,
            jwt_secret: None,
            vault_keys: None,
            access_token_seconds: 900,
            session_days: 30,
            argon2_memory_kib: 19_456,
            argon2_passes: 2,
            argon2_concurrency: 2,
            sign_in_free_failures: 5,
            sign_in_free_failures_of_address: 50,
            sign_in_longest_wait_seconds: 900,
            max_connections: 8_192,
            max_connections_of_address: 512,
            max_requests: 1_024,
            max_requests_of_address: 256,
            head_timeout_seconds: 10,
            idle_timeout_seconds: 75,
            answer_timeout_seconds: 30,
            trusted_proxies: Vec::new(),
            proxy_header: ProxyHeader::XForwardedFor,
            cors_origins: Vec::new(),
            hsts_seconds: 0,
            trusted_documents: TrustedDocuments::Off,
            trusted_documents_file: None,
            body_limit_bytes: 262_144,
            body_timeout_seconds: 10,
            request_timeout_seconds: 30,
            user_cost_per_minute: 2_000_000,
            key_cost_per_minute: 2_000_000,
            anonymous_cost_per_minute: 2_000_000,
            service_cost_per_minute: 0,
            websocket_sockets: 5_000,
            websocket_sockets_per_address: 200,
            websocket_operations: 50,
            websocket_init_seconds: 10,
            websocket_ping_seconds: 20,
            external_issuers: Vec::new(),
            app_url: None,
            mail_transport: None,
            mail_from: None,
            smtp_url: None,
            smtp_ca_file: None,
            mail_dir: None,
            jobs: true,
            graphiql: None,
            introspection: None,
            log_format: LogFormat::Text,
            log: "info".to_owned(),
        }
    }
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A name is unknown or a value has the wrong type; the message names both the setting and where it came from.
    #[error("configuration: {}", describe(.0))]
    Read(Box<figment::Error>),
    /// A value is out of range or missing.
    #[error("configuration: {setting}: {problem}")]
    Value {
        /// The setting, by its name in the environment.
        setting: &'static str,
        /// What is wrong and what would be right.
        problem: String,
    },
}

/// Settings that can be given on the command line; `None` leaves the other sources alone.
#[derive(Debug, Default, Serialize, clap::Args)]
pub struct Flags {
    /// Address and port to serve at (OGELBASE_LISTEN)
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// Where the server keeps its files (OGELBASE_DATA_DIR)
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
    /// PostgreSQL to use (OGELBASE_DATABASE_URL or DATABASE_URL); without it a private one is started
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_url: Option<String>,
}

impl Config {
    /// Reads all sources and checks the values.
    ///
    /// # Errors
    /// [`ConfigError`] naming the setting, for an unknown name, a value of the wrong type, or one out of range.
    pub fn load(flags: &Flags) -> Result<Self, ConfigError> {
        let file = std::env::var("OGELBASE_CONFIG").ok();
        let toml = match &file {
            Some(path) => Toml::file_exact(path),
            // In the working directory alone; figment would look in those above it as well.
            None if std::path::Path::new("ogelbase.toml").exists() => Toml::file_exact("ogelbase.toml"),
            None => Toml::string(""),
        };
        // OGELBASE_CONFIG names the file; OGELBASE_TEST_* belongs to the tests.
        let others = Env::prefixed(PREFIX)
            .filter(|name| name != "config" && !name.starts_with("test_") && !TEXTS.iter().any(|text| name == *text));
        Figment::from(Serialized::defaults(Self::default()))
            .merge(toml)
            .merge(others)
            .merge(Serialized::defaults(texts()))
            .merge(Serialized::defaults(flags))
            .extract::<Self>()
            .map_err(|error| ConfigError::Read(Box::new(error)))?
            .checked()
    }

    /// Whether this is a development installation.
    #[must_use]
    pub fn development(&self) -> bool {
        self.environment == Environment::Development
    }

    /// Whether the GraphiQL page is served.
    #[must_use]
    pub fn serves_graphiql(&self) -> bool {
        self.graphiql.unwrap_or_else(|| self.development())
    }

    /// Whether introspection is answered.
    #[must_use]
    pub fn answers_introspection(&self) -> bool {
        self.introspection.unwrap_or_else(|| self.development())
    }
}

/// The texts of the environment. An empty variable is how a shell unsets one for a single command.
fn texts() -> BTreeMap<&'static str, String> {
    let given: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.to_str()?.to_ascii_uppercase(), value.into_string().ok()?)))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let conventional = CONVENTIONAL.into_iter().map(|(name, setting)| (setting, name.to_owned()));
    let own = TEXTS.into_iter().map(|setting| (setting, format!("{PREFIX}{}", setting.to_ascii_uppercase())));
    conventional.chain(own).filter_map(|(setting, name)| Some((setting, given.get(&name)?.clone()))).collect()
}

/// Names the setting as it was written, and where; never the value, which may be a secret.
fn describe(error: &figment::Error) -> String {
    let said = error.clone().into_iter().map(|error| {
        let key = match &error.kind {
            Kind::UnknownField(name, _) => name.clone(),
            _ => error.path.join("."),
        };
        let source = error.metadata.as_ref().and_then(|metadata| metadata.source.as_ref());
        let place = match source.and_then(|source| source.file_path()) {
            Some(file) if key.is_empty() => file.display().to_string(),
            Some(file) => format!("{key} in {}", file.display()),
            None => format!("{PREFIX}{}", key.to_ascii_uppercase()),
        };
        let problem = match &error.kind {
            Kind::UnknownField(..) => "there is no such setting".to_owned(),
            Kind::UnknownVariant(_, all) => format!("must be one of {}", all.join(", ")),
            Kind::InvalidType(_, wanted) | Kind::InvalidValue(_, wanted) => format!("must be {wanted}"),
            // A parser shows the line that it stumbled over, behind bars.
            Kind::Message(text) => text.lines().filter(|line| !line.contains('|')).collect::<Vec<_>>().join(": "),
            other => other.to_string(),
        };
        format!("{place}: {problem}")
    });
    said.collect::<Vec<_>>().join("; ")
}
