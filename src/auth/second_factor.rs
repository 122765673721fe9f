//! The second factor: time-based codes (TOTP, RFC 6238) and the recovery codes for who lost what shows them.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use qrcodegen::{QrCode, QrCodeEcc};
use rand::Rng;
use totp_rs::{Builder, Secret, Totp};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::token;
use crate::{
    error::{Error, Result},
    vault::Place,
};

/// How an authenticator names this server.
const ISSUER: &str = "ogelbase";
/// Bytes of a secret: as many as SHA-1 gives (RFC 4226, 4).
const SECRET_BYTES: usize = 20;
/// Recovery codes of one person.
const RECOVERY_CODES: usize = 10;
/// Letters of a recovery code: 100 bits.
const RECOVERY_LETTERS: usize = 20;
/// Letters of a group, for the eye.
const RECOVERY_GROUP: usize = 5;
/// Crockford's base32: no letter that is taken for another.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Light modules around a QR code that scanners want (ISO/IEC 18004).
const QUIET_ZONE: i32 = 4;

/// Where a person's secret is sealed.
#[must_use]
pub const fn place(user_id: Uuid) -> Place {
    Place { table: "users", column: "mfa_secret_sealed", row: user_id }
}

/// A new secret and how to bring it into an authenticator.
#[derive(Debug)]
pub struct Enrolment {
    /// The secret in base32, as it is typed.
    pub secret: Zeroizing<String>,
    /// The same as `otpauth://totp/...`.
    pub uri: String,
    /// The same as a picture: `data:image/svg+xml;base64,...`.
    pub qr_code: String,
}

/// Makes a secret for an account.
///
/// # Errors
/// [`Error::Internal`] when no code can be made of it.
pub fn enrol(account: &str) -> Result<Enrolment> {
    let mut bytes = Zeroizing::new([0_u8; SECRET_BYTES]);
    rand::rng().fill_bytes(bytes.as_mut());
    let secret = Secret::from(bytes.as_slice());
    let base32 = Zeroizing::new(secret.to_base32());
    // A colon would end the issuer's part of the label.
    let account = account.replace(':', "_");
    let totp = Builder::new().with_secret(secret).with_issuer(Some(ISSUER)).with_account_name(account);
    let uri = totp.build().and_then(|totp| totp.to_url()).map_err(|error| Error::internal(error.to_string()))?;
    let qr_code = qr_code(&uri)?;
    Ok(Enrolment { secret: base32, uri, qr_code })
}

/// A QR code as an SVG of one path, in a data URL.
fn qr_code(text: &str) -> Result<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).map_err(Error::internal)?;
    let side = code.size() + 2 * QUIET_ZONE;
    let dark = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
    let path: String = dark
        .filter(|(x, y)| code.get_module(*x, *y))
        .map(|(x, y)| format!("M{},{}h1v1h-1z", x + QUIET_ZONE, y + QUIET_ZONE))
        .collect();
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0,0h{side}v{side}h-{side}z\"/><path d=\"{path}\"/></svg>"
    );
    Ok(format!("data:image/svg+xml;base64,{}", STANDARD.encode(svg)))
}

/// What somebody gave as their second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given<'a> {
    /// Six digits of an authenticator.
    Code(&'a str),
    /// A recovery code.
    Recovery(&'a str),
}

impl<'a> Given<'a> {
    /// The one of the two that was given.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for none and for both.
    pub fn one_of(code: Option<&'a str>, recovery_code: Option<&'a str>) -> Result<Self> {
        match (code, recovery_code) {
            (Some(code), None) => Ok(Self::Code(code)),
            (None, Some(recovery_code)) => Ok(Self::Recovery(recovery_code)),
            _ => Err(Error::invalid("input.code", "give either `code` or `recoveryCode`")),
        }
    }

    /// What the database is to take for it, if it can be right: whether it still is, the database knows.
    ///
    /// # Errors
    /// [`Error::Internal`] when `secret` is none of ours.
    pub fn matched(self, secret: &str, now: DateTime<Utc>) -> Result<Option<Matched>> {
        match self {
            Self::Code(code) => Ok(matching_step(secret, code, now)?.map(Matched::Step)),
            Self::Recovery(code) => Ok(recovery_digest(code).map(Matched::Recovery)),
        }
    }
}

/// A second factor that the server found right, for the database to take once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matched {
    /// The time step of a code.
    Step(i64),
    /// The digest of a recovery code.
    Recovery([u8; 32]),
}

fn totp(secret: &str) -> Result<Totp> {
    let secret =
        Secret::try_from_base32(secret).map_err(|_| Error::internal("a second factor's secret is not base32"))?;
    Builder::new().with_secret(secret).build().map_err(|error| Error::internal(error.to_string()))
}

/// The time step of which `code` is the code: the present one, the one before or the one after, as clocks differ.
///
/// # Errors
/// [`Error::Internal`] when `secret` is none of ours.
pub fn matching_step(secret: &str, code: &str, now: DateTime<Utc>) -> Result<Option<i64>> {
    let totp = totp(secret)?;
    let digits: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    let Ok(seconds) = u64::try_from(now.timestamp()) else { return Ok(None) };
    Ok(totp.check(&digits, seconds).and_then(|step| i64::try_from(step).ok()))
}

/// Recovery codes, to be shown once, and the digests that are stored of them.
#[must_use]
pub fn recovery_codes() -> (Vec<String>, Vec<[u8; 32]>) {
    (0..RECOVERY_CODES)
        .map(|_| {
            let mut bytes = Zeroizing::new([0_u8; RECOVERY_LETTERS]);
            rand::rng().fill_bytes(bytes.as_mut());
            let letters: String = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
            let digest = token::digest(&letters);
            let groups: Vec<&str> =
                (0..RECOVERY_LETTERS).step_by(RECOVERY_GROUP).map(|at| &letters[at..at + RECOVERY_GROUP]).collect();
            (groups.join("-").to_uppercase(), digest)
        })
        .unzip()
}

/// The digest of a recovery code as somebody typed it, if it can be one: upper or lower case, with or without hyphens and
/// spaces, `O` for `0` and `I` or `L` for `1`.
#[must_use]
pub fn recovery_digest(typed: &str) -> Option<[u8; 32]> {
    let letters: String = typed
        .chars()
        .filter(|letter| !letter.is_whitespace() && *letter != '-')
        .map(|letter| match letter.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        })
        .collect();
    let lawful = letters.len() == RECOVERY_LETTERS && letters.bytes().all(|letter| ALPHABET.contains(&letter));
    lawful.then(|| token::digest(&letters))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn codes_are_those_of_rfc_6238_for_one_step_to_either_side() {
        // Appendix B, its secret of SHA-1 in base32, the last six of its eight digits.
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            let step = seconds / 30;
            for late in [-30, 0, 30] {
                assert_eq!(matching_step(secret, code, at(seconds + late)).unwrap(), Some(step), "{code}");
            }
            assert_eq!(matching_step(secret, code, at(seconds + 90)).unwrap(), None);
        }
        assert_eq!(matching_step(secret, " 287 082 ", at(59)).unwrap(), Some(1));
        for wrong in ["", "28708", "2870822", "28708a", "٢٨٧٠٨٢", "-87082"] {
            assert_eq!(matching_step(secret, wrong, at(59)).unwrap(), None, "{wrong}");
        }
    }

    #[test]
    fn an_enrolment_says_the_same_three_times() {
        let enrolment = enrol("owner@acme.test").unwrap();
        assert_eq!(enrolment.secret.len(), 32);
        assert!(enrolment.uri.starts_with("otpauth://totp/ogelbase:owner%40acme.test?secret="), "{}", enrolment.uri);
        assert!(enrolment.uri.contains(enrolment.secret.as_str()) && enrolment.uri.ends_with("&issuer=ogelbase"));
        let svg = STANDARD.decode(enrolment.qr_code.strip_prefix("data:image/svg+xml;base64,").unwrap()).unwrap();
        assert!(String::from_utf8(svg).unwrap().starts_with("<svg "));
        assert_ne!(*enrolment.secret, *enrol("owner@acme.test").unwrap().secret);
    }

    #[test]
    fn recovery_codes_are_taken_as_people_type_them() {
        let (codes, digests) = recovery_codes();
        assert_eq!((codes.len(), digests.len()), (10, 10));
        for (code, digest) in codes.iter().zip(&digests) {
            assert_eq!(code.len(), 23, "{code}");
            for typed in [code.clone(), code.to_lowercase(), code.replace('-', " "), code.replace('0', "o")] {
                assert_eq!(recovery_digest(&typed), Some(*digest), "{typed}");
            }
        }
        for wrong in ["", "abc", "uuuuu-uuuuu-uuuuu-uuuuu", &format!("{}0", codes[0])] {
            assert_eq!(recovery_digest(wrong), None, "{wrong}");
        }
    }
}
