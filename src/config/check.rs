//! Whether the settings can be used: each refusal names the setting and what it must be.

use std::fmt;

use url::Url;

use super::{Config, ConfigError, Environment, TrustedDocuments, external_issuer};
use crate::{auth::jwt, db::pool, mail::Mailer, vault::Vault};

/// The largest budget: what an `Int` of the graph can say.
const MOST_COST: u32 = i32::MAX.unsigned_abs();

impl Config {
    pub(super) fn checked(mut self) -> Result<Self, ConfigError> {
        for text in
            [&mut self.database_url, &mut self.jwt_secret, &mut self.vault_keys, &mut self.app_url, &mut self.mail_from]
        {
            if text.as_deref().is_some_and(str::is_empty) {
                *text = None;
            }
        }
        within("OGELBASE_DATABASE_CONNECTIONS", self.database_connections, 1, 1_000)?;
        within("OGELBASE_STATEMENT_TIMEOUT_MS", self.statement_timeout_ms, 100, 600_000)?;
        within("OGELBASE_RLS_SHADOW_PERCENT", self.rls_shadow_percent, 0, 100)?;
        within("OGELBASE_ACCESS_TOKEN_SECONDS", self.access_token_seconds, 60, 3_600)?;
        within("OGELBASE_SESSION_DAYS", self.session_days, 1, 365)?;
        within("OGELBASE_ARGON2_MEMORY_KIB", self.argon2_memory_kib, 8, 4_194_304)?;
        within("OGELBASE_ARGON2_PASSES", self.argon2_passes, 1, 10)?;
        within("OGELBASE_ARGON2_CONCURRENCY", self.argon2_concurrency, 1, 64)?;
        within("OGELBASE_SIGN_IN_FREE_FAILURES", self.sign_in_free_failures, 0, 1_000)?;
        within("OGELBASE_SIGN_IN_FREE_FAILURES_OF_ADDRESS", self.sign_in_free_failures_of_address, 0, 1_000_000)?;
        within("OGELBASE_SIGN_IN_LONGEST_WAIT_SECONDS", self.sign_in_longest_wait_seconds, 1, 86_400)?;
        within("OGELBASE_MAX_CONNECTIONS", self.max_connections, 1, 1_000_000)?;
        within("OGELBASE_MAX_CONNECTIONS_OF_ADDRESS", self.max_connections_of_address, 1, 1_000_000)?;
        within("OGELBASE_MAX_REQUESTS", self.max_requests, 1, 1_000_000)?;
        within("OGELBASE_MAX_REQUESTS_OF_ADDRESS", self.max_requests_of_address, 1, 1_000_000)?;
        within("OGELBASE_HEAD_TIMEOUT_SECONDS", self.head_timeout_seconds, 1, 600)?;
        within("OGELBASE_IDLE_TIMEOUT_SECONDS", self.idle_timeout_seconds, 1, 3_600)?;
        within("OGELBASE_ANSWER_TIMEOUT_SECONDS", self.answer_timeout_seconds, 1, 600)?;
        within("OGELBASE_HSTS_SECONDS", self.hsts_seconds, 0, 63_072_000)?;
        if let Some(problem) = self.cors_origins.iter().find_map(|origin| problem_of_origin(origin)) {
            return Err(wrong("OGELBASE_CORS_ORIGINS", &problem));
        }
        if self.trusted_documents != TrustedDocuments::Off && self.trusted_documents_file.is_none() {
            let problem = "must name the file of the documents that OGELBASE_TRUSTED_DOCUMENTS lets run";
            return Err(wrong("OGELBASE_TRUSTED_DOCUMENTS_FILE", problem));
        }
        within("OGELBASE_BODY_LIMIT_BYTES", self.body_limit_bytes, 1_024, 16_777_216)?;
        within("OGELBASE_BODY_TIMEOUT_SECONDS", self.body_timeout_seconds, 1, 600)?;
        within("OGELBASE_REQUEST_TIMEOUT_SECONDS", self.request_timeout_seconds, 1, 600)?;
        within("OGELBASE_USER_COST_PER_MINUTE", self.user_cost_per_minute, 0, MOST_COST)?;
        within("OGELBASE_KEY_COST_PER_MINUTE", self.key_cost_per_minute, 0, MOST_COST)?;
        within("OGELBASE_ANONYMOUS_COST_PER_MINUTE", self.anonymous_cost_per_minute, 0, MOST_COST)?;
        within("OGELBASE_SERVICE_COST_PER_MINUTE", self.service_cost_per_minute, 0, MOST_COST)?;
        within("OGELBASE_WEBSOCKET_SOCKETS", self.websocket_sockets, 0, 1_000_000)?;
        within("OGELBASE_WEBSOCKET_SOCKETS_PER_ADDRESS", self.websocket_sockets_per_address, 0, 1_000_000)?;
        within("OGELBASE_WEBSOCKET_OPERATIONS", self.websocket_operations, 1, 10_000)?;
        within("OGELBASE_WEBSOCKET_INIT_SECONDS", self.websocket_init_seconds, 1, 600)?;
        within("OGELBASE_WEBSOCKET_PING_SECONDS", self.websocket_ping_seconds, 1, 600)?;
        if let Some(url) = &self.database_url {
            let problem = match pool::connect_options(url) {
                Ok(_) if ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) => None,
                Ok(_) => Some("must be a postgres:// URL".to_owned()),
                Err(error) => Some(error.to_string()),
            };
            if let Some(problem) = problem {
                return Err(wrong("OGELBASE_DATABASE_URL", &problem));
            }
        }
        if self.jwt_secret.as_deref().is_some_and(|secret| secret.len() < 32) {
            return Err(wrong("OGELBASE_JWT_SECRET", "must have at least 32 characters"));
        }
        if let Some(keys) = &self.vault_keys {
            let problem = Vault::from_key_ring(keys).err().map(|error| error.to_string());
            if let Some(problem) = problem {
                let problem = problem.strip_prefix("OGELBASE_VAULT_KEYS: ").unwrap_or(&problem);
                return Err(wrong("OGELBASE_VAULT_KEYS", problem));
            }
        }
        let development = self.development();
        if let Some(problem) = external_issuer::problem_of(&self.external_issuers, jwt::ISSUER, development) {
            return Err(wrong("OGELBASE_EXTERNAL_ISSUERS", &problem));
        }
        if self.smtp_url.as_ref().is_some_and(|url| url.reveal().is_empty()) {
            self.smtp_url = None;
        }
        if self.environment == Environment::Production {
            if self.jwt_secret.is_none() {
                return Err(wrong("OGELBASE_JWT_SECRET", "must be set in production (32 random bytes, base64)"));
            }
            if self.vault_keys.is_none() {
                return Err(wrong("OGELBASE_VAULT_KEYS", "must be set in production (`id:base64 of 32 bytes`)"));
            }
        }
        if self.jobs {
            Mailer::new(&self)?;
        }
        Ok(self)
    }
}

fn wrong(setting: &'static str, problem: &str) -> ConfigError {
    ConfigError::Value { setting, problem: problem.to_owned() }
}

/// What is wrong with an origin: browsers compare it character by character.
fn problem_of_origin(origin: &str) -> Option<String> {
    let written = Url::parse(origin).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let written = written.map(|url| url.origin().ascii_serialization());
    match written {
        Some(written) if written == origin => None,
        Some(written) => Some(format!("`{origin}` must be written as `{written}`")),
        None => Some(format!("`{origin}` must be an origin, as `https://studio.example.com`; `*` is not one")),
    }
}

fn within<T: PartialOrd + fmt::Display>(setting: &'static str, value: T, least: T, most: T) -> Result<(), ConfigError> {
    if value < least || value > most {
        return Err(ConfigError::Value { setting, problem: format!("{value} is not between {least} and {most}") });
    }
    Ok(())
}
