//! What the daemon says instead of an answer.

use super::xdr::{Decoder, XdrError, display};

/// What the daemon says instead of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteError {
    /// Its number in libvirt's list.
    pub code: i32,
    /// What it says.
    pub message: String,
}

impl RemoteError {
    /// The hypervisor does not know the procedure.
    pub const NO_SUPPORT: i32 = 3;
    /// Only those who may write may ask this.
    pub const OPERATION_DENIED: i32 = 29;
    /// The domain has gone.
    pub const NO_DOMAIN: i32 = 42;
    /// Who asks is not let in.
    pub const AUTH_FAILED: i32 = 45;
    /// The domain is not in a state to answer this: it is shut off, say.
    pub const OPERATION_INVALID: i32 = 55;
    /// The domain does not do this in its present state: it is where a migration goes to, say.
    pub const OPERATION_UNSUPPORTED: i32 = 84;
    /// Who asks may not see this.
    pub const ACCESS_DENIED: i32 = 88;

    /// Whether it is about what one may do, not about what went wrong.
    #[must_use]
    pub const fn is_denial(&self) -> bool {
        matches!(
            self.code,
            Self::OPERATION_DENIED | Self::AUTH_FAILED | Self::ACCESS_DENIED
        )
    }

    /// The error in the payload of a reply that failed.
    ///
    /// # Errors
    ///
    /// If there is none in it.
    pub fn decode(payload: &[u8]) -> Result<Self, XdrError> {
        let mut decoder = Decoder::new(payload);
        let code = decoder.i32()?;
        let _domain = decoder.i32()?;
        // What follows, details for programs, is not needed.
        let message = decoder.optional_text()?.unwrap_or_default();
        let message = display(&message[..message.len().min(MAX_MESSAGE)]).into_owned();
        Ok(Self { code, message })
    }
}

/// Enough for a person, in bytes.
const MAX_MESSAGE: usize = 512;
