//! A letter as a mail: text and HTML, from and to, and the id by which receivers know it again.

use askama::Template;
use chrono::{DateTime, Utc};
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use url::Url;
use uuid::Uuid;

use super::wording::Wording;

#[derive(Template)]
#[template(path = "letter.txt")]
struct Text<'a> {
    wording: &'a Wording,
    app_url: &'a str,
}

#[derive(Template)]
#[template(path = "letter.html")]
struct Html<'a> {
    wording: &'a Wording,
    app_url: &'a str,
}

/// What of a mail is not its wording.
#[derive(Debug)]
pub(super) struct Cover<'a> {
    /// Key of its row, from which its Message-ID is made: the same however often it is sent.
    pub id: Uuid,
    /// When it was written.
    pub written_at: DateTime<Utc>,
    /// Whom it is from.
    pub from: &'a Mailbox,
    /// Whom it goes to.
    pub to: Address,
}

/// Why there is no mail: a fault of ours, or an address that cannot be written to.
#[derive(Debug, thiserror::Error)]
pub(super) enum MessageError {
    /// A template.
    #[error("the template failed: {0}")]
    Template(#[from] askama::Error),
    /// The headers.
    #[error("the mail cannot be made: {0}")]
    Mail(#[from] lettre::error::Error),
}

/// Makes the mail.
pub(super) fn of(wording: &Wording, app_url: &Url, cover: Cover<'_>) -> Result<Message, MessageError> {
    let app_url = app_url.as_str().trim_end_matches('/');
    let text = Text { wording, app_url }.render()?;
    let html = Html { wording, app_url }.render()?;
    // RFC 3834: no answering machine answers it.
    let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let mail = Message::builder()
        .message_id(Some(format!("<{}@{}>", cover.id, cover.from.email.domain())))
        .date(cover.written_at.into())
        .from(cover.from.clone())
        .to(Mailbox::new(None, cover.to))
        .subject(wording.subject.clone())
        .raw_header(automatic)
        .multipart(MultiPart::alternative_plain_html(text, html))?;
    Ok(mail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{Letter, wording};

    fn mail(letter: &Letter) -> String {
        let app_url = Url::parse("https://app.example").unwrap();
        let from = "Ogel <noreply@ogel.example>".parse().unwrap();
        let cover = Cover {
            id: Uuid::from_u128(7),
            written_at: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
            from: &from,
            to: "ann@acme.test".parse().unwrap(),
        };
        String::from_utf8(of(&wording::of(letter, &app_url), &app_url, cover).unwrap().formatted()).unwrap()
    }

    #[test]
    fn a_mail_has_text_and_html_and_an_id_of_its_row() {
        let text = mail(&Letter::AccountExists);
        for wanted in [
            "Message-ID: <00000000-0000-0000-0000-000000000007@ogel.example>\r\n",
            "From: Ogel <noreply@ogel.example>\r\n",
            "To: ann@acme.test\r\n",
            "Subject: You have an account already\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Type: multipart/alternative;",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Type: text/html; charset=utf-8",
            "https://app.example/sign-in",
        ] {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
    }

    #[test]
    fn what_people_typed_is_text_in_html_and_one_header() {
        let text = mail(&Letter::Invitation {
            organization: "<b>Acme</b>\r\nBcc: all@acme.test".to_owned(),
            invited_by: "Söhne".to_owned(),
            role: "member".to_owned(),
            token: "t".to_owned(),
            expires_at: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
        });
        let (headers, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(!headers.contains("\r\nBcc:"), "{headers}");
        let html = text.split("text/html").nth(1).unwrap();
        assert!(html.contains("b&#62;Acme") || html.contains("b&gt;Acme"), "{html}");
        assert!(!html.contains("<b>"), "{html}");
        assert!(text.is_ascii(), "headers and bodies are encoded: {text}");
    }
}
