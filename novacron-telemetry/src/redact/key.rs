//! Keys whose values are secret.

/// Parts of keys, in lower case and with `_` for every separator. A key that contains one is secret.
const PARTS: [&[u8]; 17] = [
    b"password",
    b"passwd",
    b"passphrase",
    b"_pwd",
    b"pwd_",
    b"secret",
    b"token",
    b"api_key",
    b"apikey",
    b"authorization",
    b"cookie",
    b"credential",
    b"private_key",
    b"privatekey",
    b"access_key",
    b"accesskey",
    b"amz_signature",
];

/// Keys that are secret if they are nothing else: too short to be looked for inside others.
const WHOLE: [&[u8]; 4] = [b"pwd", b"sig", b"jwt", b"bearer"];

/// The letters that parts begin with, as bits from `a`; a key without one is done quickly. `_` is
/// asked for beside them.
const FIRST: u32 = {
    let mut bits = 0;
    let mut at = 0;
    while at < PARTS.len() {
        if PARTS[at][0] != b'_' {
            bits |= 1 << (PARTS[at][0] - b'a');
        }
        at += 1;
    }
    bits
};

/// Whether the value of this key is not to be shown: `password`, `secret`, `token`, `api_key`,
/// `authorization`, `cookie`, `credential`, `private_key` and the like, in any case, with any
/// separator, and inside longer keys such as `db_password`.
#[must_use]
pub fn is_secret_key(key: &str) -> bool {
    is_secret(key.as_bytes())
}

pub(super) fn is_secret(key: &[u8]) -> bool {
    let part_at = |at: usize| {
        let first = fold(key[at]);
        let may = first == b'_' || (first.is_ascii_lowercase() && FIRST >> (first - b'a') & 1 == 1);
        may && PARTS.iter().any(|part| begins(&key[at..], part))
    };
    (0..key.len()).any(part_at)
        || WHOLE
            .iter()
            .any(|whole| key.len() == whole.len() && begins(key, whole))
}

/// Whether a number under this secret key is a count of such things (`max_tokens`) and may be shown.
#[cfg(feature = "logs")]
pub(crate) fn is_count(key: &str) -> bool {
    const COUNTS: [&[u8]; 3] = [b"tokens", b"token_count", b"cookies"];
    let key = key.as_bytes();
    (0..key.len()).any(|at| COUNTS.iter().any(|part| begins(&key[at..], part)))
}

fn begins(key: &[u8], part: &[u8]) -> bool {
    key.len() >= part.len()
        && key
            .iter()
            .zip(part)
            .all(|(byte, expected)| fold(*byte) == *expected)
}

/// Lower case, and one separator for all.
fn fold(byte: u8) -> u8 {
    match byte {
        b'-' | b'.' | b' ' => b'_',
        byte => byte.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_secret_in_any_case_and_inside_others() {
        for key in [
            "password",
            "DB_PASSWORD",
            "dbPassword",
            "user-passwd",
            "client_secret",
            "X-Api-Key",
            "apiKey",
            "Authorization",
            "proxy-authorization",
            "Set-Cookie",
            "aws.secret.access.key",
            "refresh_token",
            "private key",
            "admin_pwd",
            "sig",
            "jwt",
        ] {
            assert!(is_secret_key(key), "{key}");
        }
        for key in [
            "",
            "user_id",
            "endpoint",
            "signal",
            "cwd",
            "key",
            "monkey",
            "pass",
            "passed",
            "author",
            "tokio",
            "secre",
            "duration_ms",
            "job_id",
            "access",
        ] {
            assert!(!is_secret_key(key), "{key}");
        }
    }
}
