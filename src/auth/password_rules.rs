//! Which passwords may be chosen (NIST SP 800-63B, 3.1.1.2): long enough, and not one that is guessed first. Nothing
//! is said of capitals, digits or signs, and nothing ends by age.

use super::password::MAX_BYTES;
use crate::error::{Error, Result};

/// Characters of a password at least.
pub const MIN_CHARACTERS: usize = 8;

/// Guesses that a password must be expected to take at least: those of someone who is slowed down after failures are
/// far fewer.
const MIN_GUESSES: u64 = 1_000_000;

/// What is expected of the passwords here.
const SERVICE: &str = "ogelbase";

/// Checks a password that somebody wants to have; `own` is what everybody knows of them: address, names. Takes up to
/// some milliseconds: not for the async threads.
///
/// # Errors
/// [`Error::InvalidInput`] naming `path`, and what would do.
pub fn check(path: &'static str, password: &str, own: &[String]) -> Result<()> {
    if password.len() > MAX_BYTES {
        return Err(Error::invalid(path, format!("has {} bytes, at most {MAX_BYTES} are taken", password.len())));
    }
    if password.chars().count() < MIN_CHARACTERS {
        return Err(Error::invalid(path, format!("must have at least {MIN_CHARACTERS} characters")));
    }
    let lower = password.to_lowercase();
    if own.iter().any(|own| own.to_lowercase() == lower) {
        return Err(Error::invalid(path, "must not be your address or name"));
    }
    // Of an address also what stands before the @, and the parts of the domain.
    let known: Vec<&str> = own.iter().flat_map(|own| own.split(['@', '.'])).chain([SERVICE]).collect();
    let known: Vec<&str> =
        known.into_iter().chain(own.iter().map(String::as_str)).filter(|own| own.len() > 2).collect();
    if zxcvbn::zxcvbn(password, &known).guesses() < MIN_GUESSES {
        return Err(Error::invalid(
            path,
            "is among the first that others would try: take a longer or a less usual one",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(password: &str) -> Option<String> {
        match check("input.password", password, &["anna.rossi@example.test".to_owned()]) {
            Ok(()) => None,
            Err(Error::InvalidInput { path, message }) if path == "input.password" => Some(message.into_owned()),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_others_would_try_first_is_refused() {
        for known in [
            "password",
            "Password1",
            "P@ssw0rd",
            "12345678",
            "qwertyuiop",
            "aaaaaaaaaaaa",
            "abcdefghij",
            "iloveyou1",
            "anna.rossi@example.test",
            "ANNA.ROSSI@example.test",
            "annarossi",
            "ogelbase1",
            "ogelbase",
            "drowssap",
        ] {
            assert!(refused(known).is_some(), "{known}");
        }
    }

    #[test]
    fn what_is_long_or_unusual_is_taken_whatever_it_is_made_of() {
        let long = "ab cd ".repeat(170);
        for fine in [
            "correct horse battery",
            "kx7vqzpw",
            "vier alte Igel",
            "häßliche Entlein sind schön",
            "🦔🦔🦉🦔🪨🦉🌲🦔",
            &long,
        ] {
            assert_eq!(refused(fine), None, "{fine}");
        }
    }

    #[test]
    fn too_short_and_too_long_are_said_to_be_so() {
        assert_eq!(refused("kx7vqzp").unwrap(), "must have at least 8 characters");
        assert_eq!(refused("🦔🦉🪨").unwrap(), "must have at least 8 characters");
        assert_eq!(refused(&"x".repeat(1_025)).unwrap(), "has 1025 bytes, at most 1024 are taken");
    }
}
