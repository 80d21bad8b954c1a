//! Reading a file that somebody named, whatever it turns out to be.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Larger than any settings, and small enough to be read whole.
const MOST: u64 = 1 << 20;

pub(super) fn read(path: &Path) -> io::Result<String> {
    // Before it is opened: opening a pipe that nobody writes to would never return.
    plain(&fs::metadata(path)?)?;
    let file = File::open(path)?;
    plain(&file.metadata()?)?;
    let mut text = Vec::new();
    file.take(MOST + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MOST {
        return Err(refusal("it is larger than 1 MiB"));
    }
    String::from_utf8(text).map_err(|error| {
        let line = 1 + error.as_bytes()[..error.utf8_error().valid_up_to()]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        refusal(&format!("line {line} is not UTF-8"))
    })
}

fn plain(metadata: &fs::Metadata) -> io::Result<()> {
    match metadata.is_file() {
        true => Ok(()),
        false => Err(refusal("it is not a plain file")),
    }
}

fn refusal(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
