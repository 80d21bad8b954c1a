//! Where `/proc` and `/sys` are.
//!
//! Every file is opened below a root: `/` on a host, `/host` in a container that has the host mounted
//! there, a folder of fixtures in a test. What a link in it points to is looked for below it, too, so
//! nothing outside is ever read.
//!
//! Reading is made for files that are not quite files: pipes and devices are refused rather than
//! waited for, a driver that answers `EAGAIN` is not asked twice, and nothing longer than a bound is
//! read.
//!
//! ```
//! use novacron_collectors::Root;
//!
//! let host = Root::new("/");
//! let load = host.text("proc/loadavg")?;
//! assert!(load.split(' ').next().unwrap().parse::<f64>().is_ok());
//! assert!(host.text("../etc/passwd").is_err());
//! # Ok::<(), std::io::Error>(())
//! ```

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use rustix::fs::{self, AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use crate::text;

/// The most that is read of one file.
const LONGEST: u64 = 4 << 20;
/// The most names that are listed of one folder.
const WIDEST: usize = 100_000;

/// A folder that stands for `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root(PathBuf);

impl Default for Root {
    fn default() -> Self {
        Self::new("/")
    }
}

impl Root {
    /// The root at this folder.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// Where a file of this path would be, for what cannot be opened here: sockets, mount points.
    /// The path is relative; one that leads out of the root is cut to the root itself.
    #[must_use]
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        match inside(relative.as_ref()) {
            Ok(relative) => self.0.join(relative),
            Err(_) => self.0.clone(),
        }
    }

    /// Whether there is something at this path.
    #[must_use]
    pub fn exists(&self, relative: impl AsRef<Path>) -> bool {
        self.open(relative.as_ref(), OFlags::PATH).is_ok()
    }

    /// What a file holds.
    ///
    /// # Errors
    ///
    /// If it cannot be opened or read, is no plain file, or is longer than 4 MiB.
    pub fn bytes(&self, relative: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        let file = self.open(relative.as_ref(), OFlags::RDONLY | OFlags::NONBLOCK)?;
        if FileType::from_raw_mode(fs::fstat(&file)?.st_mode) != FileType::RegularFile {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is no plain file",
            ));
        }
        let mut bytes = Vec::new();
        File::from(file).take(LONGEST + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LONGEST {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "it is longer than 4 MiB",
            ));
        }
        Ok(bytes)
    }

    /// What a file holds, as text.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes), and if it is no UTF-8.
    pub fn text(&self, relative: impl AsRef<Path>) -> io::Result<String> {
        String::from_utf8(self.bytes(relative)?)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is no UTF-8"))
    }

    /// The text of a file of one line, without its end and the blanks around it; `None` if it cannot
    /// be read or is empty. For files that somebody wrote by hand, such as `/etc/hostname`.
    #[must_use]
    pub fn line(&self, relative: impl AsRef<Path>) -> Option<String> {
        let text = self.text(relative).ok()?;
        let line = text.trim();
        (!line.is_empty() && !line.contains('\n')).then(|| line.to_owned())
    }

    /// The text of an attribute in `/sys`: as [`line`](Self::line), but only if the line was written
    /// to its end, as the kernel does. What was cut could be the beginning of something else.
    #[must_use]
    pub fn attribute(&self, relative: impl AsRef<Path>) -> Option<String> {
        let text = self.text(relative).ok()?;
        let line = text.strip_suffix('\n')?.trim();
        (!line.is_empty() && !line.contains('\n')).then(|| line.to_owned())
    }

    /// The number that an attribute is, as a whole; `None` if it cannot be read or is anything else.
    #[must_use]
    pub fn number<T: FromStr>(&self, relative: impl AsRef<Path>) -> Option<T> {
        text::number(&self.attribute(relative)?)
    }

    /// The names in a folder, sorted, without those that are no UTF-8.
    ///
    /// # Errors
    ///
    /// If it cannot be opened or read, or holds more than 100 000 names.
    pub fn list(&self, relative: impl AsRef<Path>) -> io::Result<Vec<String>> {
        let folder = self.open(relative.as_ref(), OFlags::RDONLY | OFlags::DIRECTORY)?;
        let mut names = Vec::new();
        for entry in fs::Dir::new(folder)? {
            let entry = entry?;
            if let Ok(name) = entry.file_name().to_str()
                && name != "."
                && name != ".."
            {
                names.push(name.to_owned());
            }
            if names.len() > WIDEST {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "it holds more than 100 000 names",
                ));
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// The last part of what a link points to: the driver of a device, say.
    #[must_use]
    pub fn link_name(&self, relative: impl AsRef<Path>) -> Option<String> {
        let relative = inside(relative.as_ref()).ok()?;
        let (folder, name) = (relative.parent()?, relative.file_name()?);
        let folder = self.open(folder, OFlags::PATH | OFlags::DIRECTORY).ok()?;
        let target = fs::readlinkat(folder, name, Vec::new()).ok()?;
        let target = target.to_str().ok()?;
        target.rsplit('/').next().map(str::to_owned)
    }

    fn open(&self, relative: &Path, flags: OFlags) -> io::Result<std::os::fd::OwnedFd> {
        let relative = inside(relative)?;
        // `openat2` refuses flags that mean nothing together, such as NOCTTY where nothing is opened.
        let flags = match flags.contains(OFlags::PATH) {
            true => flags | OFlags::CLOEXEC,
            false => flags | OFlags::CLOEXEC | OFlags::NOCTTY,
        };
        let root = fs::openat(
            CWD,
            &self.0,
            OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let relative = match relative.as_os_str().is_empty() {
            true => Path::new("."),
            false => relative,
        };
        match fs::openat2(&root, relative, flags, Mode::empty(), ResolveFlags::IN_ROOT) {
            // A kernel before 5.6, or a sandbox that does not know the call.
            Err(Errno::NOSYS | Errno::PERM) => self.open_without_links(&root, relative, flags),
            opened => Ok(opened?),
        }
    }

    /// Below `/` a link may lead anywhere: everything is below it. Below another root, what a link
    /// points to cannot be confined without the kernel's help, so none is followed.
    fn open_without_links(
        &self,
        root: &std::os::fd::OwnedFd,
        relative: &Path,
        flags: OFlags,
    ) -> io::Result<std::os::fd::OwnedFd> {
        if self.0 != Path::new("/") {
            let mut path = PathBuf::new();
            for part in relative {
                path.push(part);
                let stat = fs::statat(root, &path, AtFlags::SYMLINK_NOFOLLOW)?;
                if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink {
                    return Err(io::Error::new(
                        io::ErrorKind::Unsupported,
                        "this kernel cannot confine links to a root (openat2)",
                    ));
                }
            }
        }
        Ok(fs::openat(root, relative, flags, Mode::empty())?)
    }
}

/// The path, if it is relative and does not climb.
fn inside(path: &Path) -> io::Result<&Path> {
    let plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    match path.components().all(plain) {
        true => Ok(path),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a path below the root is relative and has no `..`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    fn root() -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::new(folder.path());
        std::fs::create_dir_all(folder.path().join("sys/class")).unwrap();
        std::fs::write(folder.path().join("sys/class/speed"), "1000\n").unwrap();
        (folder, root)
    }

    #[test]
    fn a_number_is_the_whole_of_a_line() {
        let (folder, root) = root();
        assert_eq!(root.number("sys/class/speed"), Some(1000_u32));
        for bad in [
            "",
            "\n",
            "10 Mbit\n",
            "1\n2\n",
            "0x10\n",
            "-\n",
            "+1\n",
            "100",
        ] {
            std::fs::write(folder.path().join("bad"), bad).unwrap();
            assert_eq!(root.number::<u32>("bad"), None, "{bad:?}");
        }
        assert_eq!(root.number::<u32>("sys/class"), None);
        assert_eq!(root.list("sys").unwrap(), ["class"]);
    }

    #[test]
    fn nothing_outside_is_read() {
        let (folder, root) = root();
        symlink("/etc/hostname", folder.path().join("absolute")).unwrap();
        symlink("../../../../../etc/hostname", folder.path().join("climbs")).unwrap();
        symlink("loop", folder.path().join("loop")).unwrap();
        symlink("sys/class/speed", folder.path().join("fine")).unwrap();
        for path in [
            "/etc/hostname",
            "../x",
            "sys/../../x",
            "absolute",
            "climbs",
            "loop",
        ] {
            assert!(root.bytes(path).is_err(), "{path}");
        }
        assert_eq!(root.number("fine"), Some(1000_u32));
        assert_eq!(root.link_name("fine").as_deref(), Some("speed"));
        assert_eq!(root.path("../x"), folder.path());
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let (folder, root) = root();
        let pipe = folder.path().join("pipe");
        assert!(
            Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        for path in ["pipe", "sys"] {
            assert!(root.bytes(path).is_err(), "{path}");
        }
        assert!(root.exists("pipe") && !root.exists("nothing"));
    }

    #[test]
    fn a_file_without_end_is_refused() {
        let (folder, root) = root();
        let sparse = std::fs::File::create(folder.path().join("sparse")).unwrap();
        sparse.set_len(1 << 30).unwrap();
        let error = root.bytes("sparse").unwrap_err();
        assert!(error.to_string().contains("longer"), "{error}");
    }
}
