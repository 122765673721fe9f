//! What the letters say. How that looks as a mail is the templates'.

use chrono::{DateTime, Utc};
use url::Url;

use super::Letter;

/// A letter in words.
#[derive(Debug)]
pub(super) struct Wording {
    /// The subject line.
    pub subject: String,
    /// What stands before the link.
    pub paragraphs: Vec<String>,
    /// Where to go.
    pub link: Option<Link>,
    /// What stands after it.
    pub closing: Vec<String>,
}

/// A link and what it says.
pub(super) struct Link {
    /// The text of the button.
    pub label: &'static str,
    /// The address, with its token.
    pub url: String,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Link").field("label", &self.label).finish_non_exhaustive()
    }
}

const NOT_YOU: &str = "If this was not you, nothing has to be done: without the link nothing happens.";
const MIND_YOUR_ACCOUNT: &str = "If this was not you, reset your password now and look at your sessions.";

/// Writes the letter, with links into the application at `app_url`.
pub(super) fn of(letter: &Letter, app_url: &Url) -> Wording {
    let to = |label, path, token: Option<&str>| Some(Link { label, url: link(app_url, path, token) });
    let until = |ends: &DateTime<Utc>| format!("The link can be used once, until {}.", moment(ends));
    match letter {
        Letter::ConfirmEmail { token, expires_at } => Wording {
            subject: "Confirm your e-mail address".to_owned(),
            paragraphs: vec!["Somebody, we hope you, made an account with this address. Please confirm it.".to_owned()],
            link: to("Confirm address", "confirm-email", Some(token)),
            closing: vec![until(expires_at), NOT_YOU.to_owned()],
        },
        Letter::AccountExists => Wording {
            subject: "You have an account already".to_owned(),
            paragraphs: vec![
                "Somebody tried to sign up with this address, which has an account already.".to_owned(),
                "If this was you, sign in. If you do not know your password any more, you can reset it there."
                    .to_owned(),
            ],
            link: to("Sign in", "sign-in", None),
            closing: vec!["If this was not you, nothing has to be done: nothing was changed.".to_owned()],
        },
        Letter::ResetPassword { token, expires_at } => Wording {
            subject: "Reset your password".to_owned(),
            paragraphs: vec!["Somebody asked to reset the password of your account.".to_owned()],
            link: to("Set a new password", "reset-password", Some(token)),
            closing: vec![until(expires_at), NOT_YOU.to_owned()],
        },
        Letter::PasswordChanged { at } => Wording {
            subject: "Your password was changed".to_owned(),
            paragraphs: vec![format!("The password of your account was changed on {}.", moment(at))],
            link: None,
            closing: vec![MIND_YOUR_ACCOUNT.to_owned()],
        },
        Letter::Invitation { organization, invited_by, role, token, expires_at } => Wording {
            subject: line(&format!("{invited_by} invites you to {organization}")),
            paragraphs: vec![line(&format!(
                "{invited_by} invites you to the organization {organization}, as {}.",
                role.replace('_', " ")
            ))],
            link: to("See the invitation", "invitation", Some(token)),
            closing: vec![
                until(expires_at),
                "If you do not know who that is, nothing has to be done: without the link nothing happens.".to_owned(),
            ],
        },
        Letter::SecondFactorChanged { enabled, at } => Wording {
            subject: format!("Your second factor was switched {}", if *enabled { "on" } else { "off" }),
            paragraphs: vec![format!(
                "The second factor of your account was switched {} on {}.",
                if *enabled { "on" } else { "off" },
                moment(at)
            )],
            link: None,
            closing: vec![MIND_YOUR_ACCOUNT.to_owned()],
        },
    }
}

/// `path` below the application's address, which may have a path of its own.
fn link(app_url: &Url, path: &str, token: Option<&str>) -> String {
    let mut url = app_url.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push(path);
    }
    if let Some(token) = token {
        url.query_pairs_mut().append_pair("token", token);
    }
    url.into()
}

fn moment(at: &DateTime<Utc>) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}

/// What people typed stays on its line: a line break in a name must not begin a header or a paragraph.
fn line(text: &str) -> String {
    text.split(|character: char| character.is_control()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn url_of(app_url: &str, letter: &Letter) -> String {
        of(letter, &Url::parse(app_url).unwrap()).link.unwrap().url
    }

    #[test]
    fn links_lead_into_the_application_wherever_it_is() {
        let letter = Letter::ConfirmEmail { token: "a b&c".to_owned(), expires_at: at() };
        for (app_url, wanted) in [
            ("https://app.example", "https://app.example/confirm-email?token=a+b%26c"),
            ("https://app.example/", "https://app.example/confirm-email?token=a+b%26c"),
            ("https://example.com/studio/", "https://example.com/studio/confirm-email?token=a+b%26c"),
        ] {
            assert_eq!(url_of(app_url, &letter), wanted);
        }
        assert_eq!(url_of("https://app.example", &Letter::AccountExists), "https://app.example/sign-in");
    }

    #[test]
    fn neither_a_letter_nor_its_wording_prints_its_token() {
        let letter = Letter::ResetPassword { token: "the-token".to_owned(), expires_at: at() };
        let wording = of(&letter, &Url::parse("https://app.example").unwrap());
        let printed = format!("{letter:?} {:?} {:?}", wording.link, Some(&letter));
        assert!(printed.contains("reset_password") && !printed.contains("the-token"), "{printed}");
    }

    #[test]
    fn a_name_with_a_line_break_stays_on_its_line() {
        let letter = Letter::Invitation {
            organization: "Acme\r\nBcc: all@acme.test".to_owned(),
            invited_by: "Ann".to_owned(),
            role: "billing_admin".to_owned(),
            token: "t".to_owned(),
            expires_at: at(),
        };
        let wording = of(&letter, &Url::parse("https://app.example").unwrap());
        assert_eq!(wording.subject, "Ann invites you to Acme  Bcc: all@acme.test");
        assert!(wording.paragraphs[0].ends_with("as billing admin."), "{:?}", wording.paragraphs);
    }
}
