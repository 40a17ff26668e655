//! Starts the ledger when the program is loaded: tests may open connections before they use anything of ours.

use super::exit;
use crate::ledger::{hook, journal::Journal, outside, registry, stack, write_stderr};
use crate::settings::{Leaks, Outside, Settings};

/// Starts the ledger. To be called once, before `main`.
pub(crate) fn start() {
    exit::register();
    stack::start_folder();
    let level = Settings::get().ok().and_then(|settings| settings.leaks);
    if let Some(folder) = Settings::journals() {
        match Journal::start(&folder, level, exit::fail) {
            Ok(journal) => {
                #[cfg(unix)]
                crate::ledger::abort::watch(journal.descriptor());
                registry::set_journal(journal);
            }
            Err(error) => exit::fail(&format!(
                "no journal can be written to {}, so leaks could be missed: {error}; create the folder, or make it writable",
                folder.display()
            )),
        }
    }
    if (level != Some(Leaks::Off) || outside::level() != Outside::Off)
        && let Err(error) = hook::start()
    {
        // The system's library on Apple's platforms has no automatic extensions.
        write_stderr(&format!(
            "this SQLite does not report its handles ({error}), so only leaks of sessions are found"
        ));
    }
    outside::start();
    exit::set_started();
}
