//! Frames: how calls and answers follow each other on a connection.
//!
//! A frame is a length, six words that say what it is, and a payload. The length comes from
//! outside: it is capped, and the room for a frame grows with what arrives of it, not with what it
//! claims.

use std::io::{self, Read};

use super::xdr::{Decoder, Encoder, XdrError};

/// The largest frame that libvirt's protocol allows, in bytes without its length.
pub const MAX_FRAME: usize = 32 << 20;

/// The program that domains are asked through.
pub const REMOTE_PROGRAM: u32 = 0x2000_8086;
/// The program that asks whether the other side is alive.
pub const KEEPALIVE_PROGRAM: u32 = 0x6b65_6570;

/// The version of both programs.
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 24;
const LENGTH_BYTES: usize = 4;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// A question.
    Call,
    /// An answer, good or bad.
    Reply,
    /// Something that nobody asked for.
    Event,
    /// One of the kinds that are not used here: streams, and frames with file descriptors.
    Other(u32),
}

/// What stands before the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Which program is spoken to.
    pub program: u32,
    /// Which procedure of it.
    pub procedure: u32,
    /// Call, reply or event.
    pub kind: FrameKind,
    /// The number that a reply shares with its call.
    pub serial: u32,
    /// Whether the payload is an error instead of the procedure's result.
    pub failed: bool,
}

impl Header {
    /// Splits a frame, without its length, into what stands before the payload and the payload.
    ///
    /// # Errors
    ///
    /// If it is shorter than a header, of another version, or of a status that replies do not have.
    pub fn split(frame: &[u8]) -> Result<(Self, &[u8]), XdrError> {
        let mut decoder = Decoder::new(frame);
        let program = decoder.u32()?;
        if decoder.u32()? != VERSION {
            return Err(XdrError::Invalid);
        }
        let procedure = decoder.u32()?;
        let kind = match decoder.u32()? {
            0 => FrameKind::Call,
            1 => FrameKind::Reply,
            2 => FrameKind::Event,
            other => FrameKind::Other(other),
        };
        let serial = decoder.u32()?;
        let failed = match decoder.u32()? {
            0 => false,
            1 => true,
            // "To be continued", which only streams are.
            _ if matches!(kind, FrameKind::Other(_)) => false,
            _ => return Err(XdrError::Invalid),
        };
        let header = Self {
            program,
            procedure,
            kind,
            serial,
            failed,
        };
        Ok((header, &frame[HEADER_BYTES..]))
    }

    /// A whole frame of this header and payload, with its length.
    #[must_use]
    pub fn frame(&self, payload: &[u8]) -> Vec<u8> {
        let kind = match self.kind {
            FrameKind::Call => 0,
            FrameKind::Reply => 1,
            FrameKind::Event => 2,
            FrameKind::Other(other) => other,
        };
        Encoder::new()
            .u32((LENGTH_BYTES + HEADER_BYTES + payload.len()) as u32)
            .u32(self.program)
            .u32(VERSION)
            .u32(self.procedure)
            .u32(kind)
            .u32(self.serial)
            .u32(u32::from(self.failed))
            .raw(payload)
            .finish()
    }
}

/// Reads one frame, without its length, into `frame`.
///
/// # Errors
///
/// [`io::ErrorKind::InvalidData`] if the length is impossible, [`io::ErrorKind::UnexpectedEof`] if
/// the source ends, else what the source says.
pub fn read_frame(source: &mut impl Read, frame: &mut Vec<u8>) -> io::Result<()> {
    let mut length = [0; LENGTH_BYTES];
    source.read_exact(&mut length)?;
    // The length counts itself.
    let length = (u32::from_be_bytes(length) as usize)
        .checked_sub(LENGTH_BYTES)
        .filter(|length| (HEADER_BYTES..=MAX_FRAME).contains(length))
        .ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "a frame of impossible length")
        })?;
    frame.clear();
    // Grows with what arrives: a length alone costs nothing.
    source.take(length as u64).read_to_end(frame)?;
    if frame.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}
