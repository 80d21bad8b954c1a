//! Reading a small file that an operator named, whatever it turns out to be.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

use zeroize::Zeroizing;

/// Which state of a file this is: it differs once somebody wrote to the file, or put another in its
/// place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    /// Device, inode, and when the inode was changed last: a file that was moved here may be older
    /// than the one that was here.
    #[cfg(unix)]
    inode: (u64, u64, i64, i64),
}

impl Stamp {
    /// The stamp of the file at this path, of which nothing is read.
    pub(super) fn look(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|metadata| Self::of(&metadata))
    }

    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt as _;
        Self {
            modified: metadata.modified().ok(),
            length: metadata.len(),
            #[cfg(unix)]
            inode: (
                metadata.dev(),
                metadata.ino(),
                metadata.ctime(),
                metadata.ctime_nsec(),
            ),
        }
    }

    /// When it was written last, in Unix seconds.
    pub(super) fn unix_seconds(&self) -> Option<f64> {
        let since = self.modified?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(since.as_secs_f64())
    }
}

/// What was in a file, wiped when it is dropped.
pub(super) struct Contents {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pub(super) stamp: Stamp,
    /// Permission bits; `None` where there are none.
    pub(super) mode: Option<u32>,
}

/// Reads a plain file of at most `most` bytes.
pub(super) fn read(path: &Path, most: u64) -> io::Result<Contents> {
    // Before it is opened: opening a pipe that nobody writes to would never return.
    plain(&fs::metadata(path)?)?;
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    plain(&metadata)?;
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let room = usize::try_from(metadata.len().min(most) + 1).unwrap_or_default();
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(refusal(format!("it is larger than {most} bytes")));
    }
    #[cfg(unix)]
    let mode = {
        use std::os::unix::fs::PermissionsExt as _;
        Some(metadata.permissions().mode() & 0o7777)
    };
    #[cfg(not(unix))]
    let mode = None;
    Ok(Contents {
        bytes,
        stamp: Stamp::of(&metadata),
        mode,
    })
}

fn plain(metadata: &Metadata) -> io::Result<()> {
    match metadata.is_file() {
        true => Ok(()),
        false => Err(refusal("it is not a plain file")),
    }
}

/// A file that can be read and says what it must not.
pub(super) fn refusal(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}
