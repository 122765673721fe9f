//! The text of an API key: `ogb_`, 44 random characters, and a checksum of 6.
//!
//! The form is that of GitHub's tokens: the prefix tells secret scanners what it is, and the checksum (CRC-32 of the
//! random part, in base 62) lets them, and this server, know a key from a mistyped one without asking any database.

use crc::{CRC_32_ISO_HDLC, Crc};
use rand::Rng;

/// What every key begins with.
pub const PREFIX: &str = "ogb_";
/// 44 characters of 62 are 261 bits.
const RANDOM: usize = 44;
const CHECKSUM: usize = 6;
/// What is kept and shown of a key: enough to tell keys apart, of no use to guess the rest.
const SHOWN: usize = PREFIX.len() + 8;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// A new key.
#[must_use]
pub fn new() -> String {
    let mut random = String::with_capacity(RANDOM);
    let mut bytes = [0_u8; 64];
    while random.len() < RANDOM {
        rand::rng().fill_bytes(&mut bytes);
        // The largest multiple of 62 below 256: each digit is as likely as any other.
        let digits = bytes.iter().filter(|byte| **byte < 248).map(|byte| digit(usize::from(byte % 62)));
        random.extend(digits.take(RANDOM - random.len()));
    }
    format!("{PREFIX}{random}{}", checksum(&random))
}

/// Whether `key` can be one: of the right length, in the right alphabet, with a checksum that fits.
#[must_use]
pub fn is_well_formed(key: &str) -> bool {
    key.strip_prefix(PREFIX)
        .filter(|body| body.len() == RANDOM + CHECKSUM && body.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        .is_some_and(|body| {
            let (random, sum) = body.split_at(RANDOM);
            checksum(random) == sum
        })
}

/// The first characters of a key, by which people know it again.
#[must_use]
pub fn shown(key: &str) -> &str {
    key.get(..SHOWN).unwrap_or(key)
}

fn digit(index: usize) -> char {
    DIGITS.get(index).copied().map_or('0', char::from)
}

fn checksum(random: &str) -> String {
    let mut rest = CRC.checksum(random.as_bytes());
    let mut digits = ['0'; CHECKSUM];
    for place in digits.iter_mut().rev() {
        *place = digit((rest % 62) as usize);
        rest /= 62;
    }
    digits.iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_is_well_formed_and_unlike_any_other() {
        let (one, other) = (new(), new());
        assert!(one.starts_with("ogb_") && one.len() == 54 && is_well_formed(&one), "{one}");
        assert_ne!(one, other);
        assert_eq!(shown(&one).len(), 12);
    }

    #[test]
    fn a_typo_shows_wherever_it_is() {
        let key = new();
        for place in 4..key.len() {
            let mut wrong = key.clone().into_bytes();
            wrong[place] = if wrong[place] == b'a' { b'b' } else { b'a' };
            assert!(!is_well_formed(&String::from_utf8(wrong).unwrap()), "place {place} of {key}");
        }
        let swapped = format!("{}{}{}", &key[..10], key[10..12].chars().rev().collect::<String>(), &key[12..]);
        assert!(swapped == key || !is_well_formed(&swapped));
        for wrong in ["", "ogb_", &key[..53], &format!("{key}0"), &key.replace("ogb_", "ogc_"), "ogb_ü"] {
            assert!(!is_well_formed(wrong), "{wrong}");
        }
    }

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        // The check value of CRC-32/ISO-HDLC is cbf43926 for "123456789".
        assert_eq!(CRC.checksum(b"123456789"), 0xcbf4_3926);
        assert_eq!(checksum("123456789").len(), CHECKSUM);
    }
}
