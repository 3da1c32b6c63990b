//! Secrets as a type: nothing prints them, and what would show one is masked.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A password, token or key. `Debug` prints `Secret(..)`; there is no `Display` and no way to store one.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// A secret that holds `text`; it is wiped from memory when dropped.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(SecretString::from(text.into()))
    }

    /// The text itself: for the header or password field it belongs in, nowhere else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// What stands for a secret in a text.
const MASK: &str = "***";
/// Secrets shorter than this are not looked for: masking every `a` would destroy the text and hide nothing.
const LENGTH_MIN: usize = 4;

/// Masks the secrets of one source in texts that leave it: errors, logs, recordings.
#[derive(Debug, Clone, Default)]
pub struct Mask {
    secrets: Vec<Secret>,
}

impl Mask {
    /// A mask for these secrets, the longest first, so that no rest of one is left when it holds another.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Mask {
        let mut secrets: Vec<Secret> =
            secrets.into_iter().filter(|secret| secret.expose().len() >= LENGTH_MIN).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
        Mask { secrets }
    }

    /// `text` with every secret replaced by `***`.
    pub fn text(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.expose(), MASK))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_never_printed() {
        let secret = Secret::new("hunter-22");
        assert_eq!(
            format!("{secret:?} {:?}", Mask::new([secret.clone()])),
            "Secret(..) Mask { secrets: [Secret(..)] }"
        );
    }

    #[test]
    fn the_longer_secret_is_masked_first_and_short_ones_are_left() {
        let mask = Mask::new(["pass", "password-1", "ab"].map(Secret::new));
        assert_eq!(mask.text("password-1 pass ab"), "*** *** ab");
    }
}
