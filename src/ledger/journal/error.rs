//! What can be wrong with a journal.

use super::FORMAT;
use crate::position::debug_is_chain;
use std::{error::Error, fmt, io, path::PathBuf};

/// A journal that nothing can be learnt from.
pub(crate) struct JournalError {
    pub(super) path: PathBuf,
    pub(super) fault: Fault,
}

pub(super) enum Fault {
    Read(io::Error),
    Damaged { line: usize },
    Format(String),
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.fault {
            Fault::Read(_) => write!(f, "{path}: the journal cannot be read; make it readable"),
            Fault::Damaged { line } => write!(f, "{path}:{line}: the journal is damaged; run the tests again"),
            Fault::Format(format) => write!(
                f,
                "{path}: the journal has format {format}, not {FORMAT}; install the version of this command that the tests were built with"
            ),
        }
    }
}

debug_is_chain!(JournalError);

impl Error for JournalError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.fault {
            Fault::Read(source) => Some(source),
            Fault::Damaged { .. } | Fault::Format(_) => None,
        }
    }
}
