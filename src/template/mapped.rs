//! Maps an image file into memory.

use memmap2::Mmap;
use std::{fs::File, io};

/// Maps a file that is never written again, only removed.
pub(super) fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: an image gets its name when it is complete, and from then on is only unlinked, which leaves mappings valid. Only
    // the user can write to the folder.
    unsafe { Mmap::map(file) }
}
