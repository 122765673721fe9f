//! Settings that choose one of a few.

use serde::{Deserialize, Serialize};

/// What kind of installation this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// Everything has a default, the demo accounts work, GraphiQL and introspection are on.
    Development,
    /// Secrets must be given, demo accounts are refused, GraphiQL and introspection are off unless asked for.
    Production,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One line for a person.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// How mails leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTransport {
    /// By SMTP, to the server of `smtp_url`.
    Smtp,
    /// Into a directory, one file each.
    File,
    /// Into the log, with the link; for development alone.
    Log,
}

/// Which documents run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrustedDocuments {
    /// Any; none is known by an id of the operator's.
    Off,
    /// Any; those of the file by their id as well.
    Also,
    /// Those of the file and no others.
    Only,
}

/// Where a reverse proxy writes whom it heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyHeader {
    /// `X-Forwarded-For`: addresses, the nearest last.
    XForwardedFor,
    /// `Forwarded` (RFC 7239): `for=` of each element.
    Forwarded,
}
