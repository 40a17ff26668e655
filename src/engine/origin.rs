//! The content that a new database starts with, and the cheapest way to copy it to a file.

use crate::vfs::Base;
use std::fs::File;
use std::io;
use std::io::Write;
use std::sync::Arc;

/// The content that a new database starts with; no bytes are an empty database.
#[derive(Clone)]
pub(crate) struct Origin {
    pub bytes: Base,
    /// A file with the same bytes, if there is one; only Linux copies it.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "the bytes are written"))]
    pub file: Option<Arc<File>>,
}

impl Origin {
    pub(super) fn empty() -> Self {
        Self { bytes: Arc::new([]), file: None }
    }

    /// Copies the bytes to an empty file: as a reflink if the file system supports it, or else inside the kernel, or else
    /// from memory.
    pub(super) fn copy_to(&self, to: &mut File) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        if self.file.as_ref().is_some_and(|from| self.copy_in_kernel(from, to)) {
            return Ok(());
        }
        to.write_all((*self.bytes).as_ref())
    }

    /// Returns whether the kernel copied all bytes; if not, the file is empty again.
    #[cfg(target_os = "linux")]
    fn copy_in_kernel(&self, from: &File, to: &File) -> bool {
        use rustix::fs::{copy_file_range, ftruncate, ioctl_ficlone};
        if ioctl_ficlone(to, from).is_ok() {
            return true;
        }
        let (mut read, mut written) = (0_u64, 0_u64);
        let length = (*self.bytes).as_ref().len();
        while let Some(rest) = usize::try_from(read).ok().and_then(|read| length.checked_sub(read)) {
            if rest == 0 {
                return true;
            }
            match copy_file_range(from, Some(&mut read), to, Some(&mut written), rest) {
                Ok(1..) => {}
                Ok(0) | Err(_) => break,
            }
        }
        let _ = ftruncate(to, 0);
        false
    }
}

#[cfg(test)]
#[path = "../../tests/unit/engine_origin.rs"]
mod tests;
