//! The rules that input values follow; the database's CHECKs hold the same (migration 001, `text_rules.sql`).

use crate::{
    db::bootstrap::Slug,
    error::{Error, Result},
};

/// Characters of an e-mail address at most (RFC 5321, 4.5.3.1.3, less the angle brackets).
const MAX_EMAIL: usize = 254;

/// A text of 1 to `max` characters; white space around it is taken away.
///
/// # Errors
/// [`Error::InvalidInput`] naming `path`.
pub fn text(path: &'static str, value: &str, max: usize) -> Result<String> {
    let value = value.trim();
    match value.chars().count() {
        0 => Err(Error::invalid(path, "must not be empty")),
        count if count > max => Err(Error::invalid(path, format!("has {count} characters, at most {max} are taken"))),
        _ if value.contains(char::is_control) => Err(Error::invalid(path, "contains a control character")),
        _ => Ok(value.to_owned()),
    }
}

/// An e-mail address: something, `@`, a domain with a dot. Whether it exists only a mail can tell.
///
/// # Errors
/// [`Error::InvalidInput`] naming `path`.
pub fn email(path: &'static str, value: &str) -> Result<String> {
    let value = text(path, value, MAX_EMAIL)?;
    let domain = value.split_once('@').filter(|(local, _)| !local.is_empty()).map(|(_, domain)| domain);
    let lawful = domain.is_some_and(|domain| {
        domain.contains('.') && domain.split('.').all(|label| !label.is_empty() && !label.contains('@'))
    });
    if lawful && !value.contains(char::is_whitespace) {
        Ok(value)
    } else {
        Err(Error::invalid(path, "is not an e-mail address"))
    }
}

/// The URL of something on the web.
///
/// # Errors
/// [`Error::InvalidInput`] naming `path`.
pub fn url(path: &'static str, value: &str) -> Result<String> {
    let value = text(path, value, 2_048)?;
    let rest = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
    if rest.is_some_and(|rest| !rest.is_empty()) && !value.contains(char::is_whitespace) {
        Ok(value)
    } else {
        Err(Error::invalid(path, "is not a URL that begins with https:// or http://"))
    }
}

/// A name in URLs.
///
/// # Errors
/// [`Error::InvalidInput`] naming `path`.
pub fn slug(path: &'static str, value: &str) -> Result<String> {
    match Slug::parse(value) {
        Some(_) => Ok(value.to_owned()),
        None => Err(Error::invalid(path, "must be 3 to 40 of the characters a-z, 0-9 and -")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_trimmed_and_measured_in_characters() {
        assert_eq!(text("name", "  Ünä ", 3).unwrap(), "Ünä");
        for wrong in ["", "  ", "abcd", "a\0b", "a\nb"] {
            assert!(
                matches!(text("name", wrong, 3), Err(Error::InvalidInput { path, .. }) if path == "name"),
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn urls_are_those_of_the_web() {
        assert_eq!(url("url", " https://example.test/a.png ").unwrap(), "https://example.test/a.png");
        for wrong in ["", "https://", "ftp://example.test", "javascript:alert(1)", "https://a b", "example.test"] {
            assert!(url("url", wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn addresses_have_a_domain_with_a_dot() {
        assert_eq!(email("email", " a.b+c@example.co.uk ").unwrap(), "a.b+c@example.co.uk");
        for wrong in ["", "a", "@b.c", "a@b", "a@b.", "a@.b", "a@b@c.d", "a b@c.d", "a@b..c"] {
            assert!(email("email", wrong).is_err(), "{wrong:?}");
        }
    }
}
