//! Mail servers that are spoken to by TLS: from the first byte, after STARTTLS, and never in the clear where TLS is
//! demanded. The authority that signs their certificates is made here.

use std::{path::PathBuf, sync::Arc};

use ogelbase::{
    config::{Config, Hidden},
    mail::{Letter, Mailer},
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use serde_json::json;
use tokio_rustls::TlsAcceptor;

use crate::{
    mail::{Desk, SOON, by_smtp, let_time_pass, outbox},
    support::{
        app::App,
        db::TestDatabase,
        evidence,
        process::{Home, until},
        smtp::{ACCOUNT, Encryption, MailServer, Manner},
    },
};

/// An authority of our own: its certificate as a file, and what a server with this name speaks TLS with.
fn authority(home: &Home, file: &str, server: &str) -> (PathBuf, TlsAcceptor) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![server.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let path = home.0.join(file);
    std::fs::write(&path, issuer.pem()).unwrap();
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    (path, TlsAcceptor::from(Arc::new(config)))
}

fn trusting(database: &TestDatabase, url: String, authority: Option<PathBuf>) -> Config {
    Config { smtp_url: Some(Hidden::new(url)), smtp_ca_file: authority, ..by_smtp(database, String::new()) }
}

#[tokio::test]
async fn a_mail_arrives_by_tls_from_the_first_byte_and_after_starttls() {
    evidence::secret(ACCOUNT.1);
    let home = Home::new();
    let (path, acceptor) = authority(&home, "authority.pem", "localhost");
    for (encryption, scheme, query) in [
        (Encryption::FromTheFirstByte(acceptor.clone()), "smtps", ""),
        (Encryption::AfterStartTls(acceptor), "smtp", "?tls=required"),
    ] {
        let database = TestDatabase::migrated().await;
        let post = MailServer::encrypting(Manner::WantsAccount, encryption).await;
        let config = trusting(&database, post.named_url(scheme, query), Some(path.clone()));
        let app = App::with(database, config).await;
        Desk::at(&app).post("ann@acme.test", &Letter::AccountExists).await;
        until("the mail arrives", SOON, async || post.taken().len() == 1).await;
        until("it is noted", SOON, async || outbox(&app).await[0]["sent"] == true).await;
        // All that anybody on the way hears is that TLS is to begin.
        let overheard = post.overheard();
        let verbs: Vec<_> = overheard.iter().map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(verbs, if scheme == "smtps" { vec![] } else { vec!["EHLO", "STARTTLS"] }, "{scheme}");
        app.server.stop().await.unwrap();
    }
}

#[tokio::test]
async fn where_tls_is_demanded_nothing_is_said_to_who_does_not_speak_it() {
    let home = Home::new();
    let (path, _) = authority(&home, "authority.pem", "localhost");
    // Somebody on the way took the offer out, or answers in the place of a server that would speak TLS at once.
    for (scheme, query) in [("smtp", "?tls=required"), ("smtps", "")] {
        let database = TestDatabase::migrated().await;
        let post = MailServer::start(Manner::WantsAccount).await;
        let config = trusting(&database, post.named_url(scheme, query), Some(path.clone()));
        let app = App::with(database, config).await;
        Desk::at(&app).post("ann@acme.test", &Letter::AccountExists).await;
        until("it was not sent", SOON, async || !outbox(&app).await[0]["error"].is_null()).await;
        let row = outbox(&app).await.pop().unwrap();
        assert_eq!([&row["sent"], &row["failed"], &row["kept"]], [&json!(false), &json!(false), &json!(true)], "{row}");
        assert!(post.taken().is_empty());
        let overheard = post.overheard();
        let spoken = |verb: &str| overheard.iter().any(|line| line.to_uppercase().starts_with(verb));
        assert!(!spoken("AUTH") && !spoken("MAIL") && !spoken("RCPT") && !spoken("DATA"), "{scheme}: {overheard:?}");
        app.server.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_certificate_of_somebody_elses_or_for_another_name_is_none() {
    let home = Home::new();
    let (trusted, _) = authority(&home, "trusted.pem", "localhost");
    let (_, stranger) = authority(&home, "stranger.pem", "localhost");
    let (other, elsewhere) = authority(&home, "other.pem", "mail.example.com");
    for (acceptor, authority) in [(stranger.clone(), Some(trusted)), (stranger, None), (elsewhere, Some(other))] {
        let database = TestDatabase::migrated().await;
        let post = MailServer::encrypting(Manner::Takes, Encryption::AfterStartTls(acceptor)).await;
        let config = trusting(&database, post.named_url("smtp", "?tls=required"), authority.clone());
        let app = App::with(database, config).await;
        Desk::at(&app).post("ann@acme.test", &Letter::AccountExists).await;
        until("it was not sent", SOON, async || !outbox(&app).await[0]["error"].is_null()).await;
        let row = outbox(&app).await.pop().unwrap();
        assert_eq!([&row["sent"], &row["failed"]], [&json!(false), &json!(false)], "{row}");
        // Once that is mended the mail goes out: it is tried again.
        let_time_pass(&app).await;
        assert!(post.taken().is_empty(), "{authority:?}");
        app.server.stop().await.unwrap();
    }
}

#[test]
fn a_file_without_a_certificate_stops_the_start_and_so_does_one_that_would_not_be_used() {
    let home = Home::new();
    let (path, _) = authority(&home, "authority.pem", "localhost");
    let empty = home.0.join("empty.pem");
    std::fs::write(&empty, "nothing here").unwrap();
    let problem = |url: &str, file: PathBuf| {
        let config = Config {
            mail_transport: Some(ogelbase::config::MailTransport::Smtp),
            smtp_url: Some(Hidden::new(url.to_owned())),
            smtp_ca_file: Some(file),
            ..Config::default()
        };
        Mailer::new(&config).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(problem("smtps://localhost", path.clone()), "");
    assert!(problem("smtps://localhost", empty).contains("OGELBASE_SMTP_CA_FILE"));
    assert!(problem("smtps://localhost", home.0.join("missing.pem")).contains("OGELBASE_SMTP_CA_FILE"));
    assert!(problem("smtp://localhost", path).contains("OGELBASE_SMTP_URL"));
}
