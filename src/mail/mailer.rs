//! How mails leave: by SMTP, into a directory, or into the log.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::{DateTime, Utc};
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::Mailbox,
    transport::smtp::client::{Certificate, Tls, TlsParameters},
};
use url::Url;
use uuid::Uuid;

use super::{
    Letter,
    message::{self, Cover},
    wording,
};
use crate::config::{Config, ConfigError, MailTransport};

/// How long one SMTP command may take.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(20);

/// Replies that a wrong setting of ours gets (RFC 4954): the mail is not to blame, and goes out once that is mended.
const OUR_FAULT: [u16; 4] = [530, 534, 535, 538];

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Trying again may help.
    #[error("{0}")]
    Temporary(String),
    /// It will never be taken.
    #[error("{0}")]
    Permanent(String),
}

/// Sends letters.
pub struct Mailer {
    way: Way,
    from: Mailbox,
    app_url: Url,
}

enum Way {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    File(PathBuf),
    Log,
}

impl fmt::Debug for Mailer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self.way {
            Way::Smtp(_) => "smtp",
            Way::File(_) => "file",
            Way::Log => "log",
        };
        formatter.debug_struct("Mailer").field("way", &way).field("from", &self.from).finish_non_exhaustive()
    }
}

impl Mailer {
    /// The mailer of these settings.
    ///
    /// # Errors
    /// [`ConfigError`] naming the setting that is missing or wrong; never the URL, which may hold a password.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        let wrong = |setting, problem: &str| ConfigError::Value { setting, problem: problem.to_owned() };
        let production = !config.development();
        let way = match config.mail_transport {
            Some(MailTransport::Smtp) => Way::Smtp(smtp(config)?),
            Some(MailTransport::File) => {
                Way::File(config.mail_dir.clone().unwrap_or_else(|| config.data_dir.join("mail")))
            }
            // Links in a log are passwords in a log.
            Some(MailTransport::Log) if production => {
                return Err(wrong("OGELBASE_MAIL_TRANSPORT", "must be `smtp` or `file` in production"));
            }
            None if production => {
                return Err(wrong("OGELBASE_MAIL_TRANSPORT", "must be set in production, to `smtp` or `file`"));
            }
            Some(MailTransport::Log) | None => Way::Log,
        };
        let from = match &config.mail_from {
            Some(from) => from
                .parse()
                .map_err(|_| wrong("OGELBASE_MAIL_FROM", "must be an address, as `ogelbase <noreply@example.com>`"))?,
            None if production => {
                return Err(wrong("OGELBASE_MAIL_FROM", "must be set in production: whom mails are from"));
            }
            None => Mailbox::new(
                Some("ogelbase".to_owned()),
                Address::new("ogelbase", "localhost").map_err(|_| wrong("OGELBASE_MAIL_FROM", "must be set"))?,
            ),
        };
        let app_url = match &config.app_url {
            Some(url) => Url::parse(url).ok().filter(is_app_url),
            None if production => {
                return Err(wrong("OGELBASE_APP_URL", "must be set in production: where links in mails lead"));
            }
            None => Url::parse(&format!("http://{}", config.listen)).ok(),
        };
        let app_url =
            app_url.ok_or_else(|| wrong("OGELBASE_APP_URL", "must be an http or https address without a query"))?;
        Ok(Self { way, from, app_url })
    }

    /// Sends a letter. `id` and `written_at` are its row's: its Message-ID and its date are the same however often it is
    /// sent.
    ///
    /// # Errors
    /// [`Failure`], which says whether trying again may help.
    pub async fn send(
        &self,
        id: Uuid,
        written_at: DateTime<Utc>,
        recipient: &str,
        letter: &Letter,
    ) -> Result<(), Failure> {
        let to = recipient.parse().map_err(|_| Failure::Permanent("the address cannot be written to".to_owned()))?;
        let wording = wording::of(letter, &self.app_url);
        if let Way::Log = self.way {
            let link = wording.link.as_ref().map(|link| link.url.as_str());
            tracing::info!(to = recipient, subject = wording.subject, link, "a mail");
            return Ok(());
        }
        let cover = Cover { id, written_at, from: &self.from, to };
        let mail =
            message::of(&wording, &self.app_url, cover).map_err(|error| Failure::Permanent(error.to_string()))?;
        match &self.way {
            Way::Smtp(smtp) => by_smtp(smtp, mail).await,
            Way::File(directory) => into_file(directory.clone(), id, mail).await,
            Way::Log => Ok(()),
        }
    }
}

fn is_app_url(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none() && url.fragment().is_none()
}

fn smtp(config: &Config) -> Result<AsyncSmtpTransport<Tokio1Executor>, ConfigError> {
    let wrong = |problem: &str| ConfigError::Value { setting: "OGELBASE_SMTP_URL", problem: problem.to_owned() };
    let given = config.smtp_url.as_ref().ok_or_else(|| wrong("must be set: mails are sent by SMTP"))?;
    let shape = "must be as `smtps://user:password@host` or `smtp://user:password@host?tls=required`";
    let url = Url::parse(given.reveal()).map_err(|_| wrong(shape))?;
    let local = url.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"));
    let encrypted =
        url.scheme() == "smtps" || url.query_pairs().any(|(name, value)| name == "tls" && value == "required");
    if url.password().is_some() && !encrypted && !local {
        return Err(wrong("holds credentials that would travel in the clear: use `smtps://` or add `?tls=required`"));
    }
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(given.reveal()).map_err(|_| wrong(shape))?;
    if let Some(path) = &config.smtp_ca_file {
        let parameters = trusting(path, &url)?;
        // As the URL says it, with the file's certificates: lettre takes both at once.
        builder =
            builder.tls(if url.scheme() == "smtps" { Tls::Wrapper(parameters) } else { Tls::Required(parameters) });
        if !encrypted {
            return Err(wrong("must be `smtps://` or have `?tls=required` where OGELBASE_SMTP_CA_FILE is set"));
        }
    }
    Ok(builder.timeout(Some(COMMAND_TIMEOUT)).build())
}

/// TLS with the mail server of this URL, whose certificate may be signed by one of this file too.
fn trusting(path: &Path, url: &Url) -> Result<TlsParameters, ConfigError> {
    let wrong = |problem: String| ConfigError::Value { setting: "OGELBASE_SMTP_CA_FILE", problem };
    let pem = std::fs::read(path).map_err(|error| wrong(format!("{}: {error}", path.display())))?;
    let no_certificate = || wrong(format!("{} holds no certificate in PEM", path.display()));
    if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
        return Err(no_certificate());
    }
    let certificate = Certificate::from_pem(&pem).map_err(|_| no_certificate())?;
    let host = url.host_str().unwrap_or_default().to_owned();
    let parameters = TlsParameters::builder(host).add_root_certificate(certificate).build();
    parameters.map_err(|error| wrong(format!("{}: {error}", path.display())))
}

async fn by_smtp(smtp: &AsyncSmtpTransport<Tokio1Executor>, mail: Message) -> Result<(), Failure> {
    match smtp.send(mail).await {
        Ok(_) => Ok(()),
        Err(error) => {
            let code = error.status().map(u16::from);
            let said = error.to_string();
            if error.is_permanent() && !code.is_some_and(|code| OUR_FAULT.contains(&code)) {
                Err(Failure::Permanent(said))
            } else {
                Err(Failure::Temporary(said))
            }
        }
    }
}

/// One file for each mail, by its id: sent twice it is there once. Whole or not at all.
async fn into_file(directory: PathBuf, id: Uuid, mail: Message) -> Result<(), Failure> {
    let write = async {
        tokio::fs::create_dir_all(&directory).await?;
        let aside = directory.join(format!("{id}.new"));
        tokio::fs::write(&aside, mail.formatted()).await?;
        tokio::fs::rename(&aside, directory.join(format!("{id}.eml"))).await
    };
    write.await.map_err(|error: std::io::Error| Failure::Temporary(format!("{}: {error}", directory.display())))
}
