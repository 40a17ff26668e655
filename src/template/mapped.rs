//! The bytes of an image file, without reading it.

use memmap2::Mmap;
use std::{fs::File, io};

/// Maps a file that is never written again, only removed as a whole.
pub(super) fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: an image is renamed into its place when it is complete, and from then on only unlinked, which leaves mappings
    // as they are. Whoever else writes into our own folder, which is open to nobody else, breaks more than this.
    unsafe { Mmap::map(file) }
}
