//! The known leaks of a project: a file that lists them, as `--format json` does.

use super::Failure;
use crate::{ledger::journal::leak::Leak, position::shown, report::leaks::Verdict};
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path};

/// How many times each leak is known.
pub(super) struct Baseline(BTreeMap<Known, usize>);

/// Test, file and kind; not the line, which moves, nor the process.
type Known = (Option<String>, Option<String>, String);

impl Baseline {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let value: Value = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let invalid = || format!("{}: not a baseline; write one with --write-baseline", path.display());
        let mut known = BTreeMap::new();
        for leak in value.get("leaks").and_then(Value::as_array).ok_or_else(invalid)? {
            let text = |name| match leak.get(name) {
                Some(Value::String(text)) => Ok(Some(text.clone())),
                Some(Value::Null) => Ok(None),
                _ => Err(invalid()),
            };
            let leak = (text("test")?, text("file")?, text("kind")?.ok_or_else(invalid)?);
            *known.entry(leak).or_default() += 1;
        }
        Ok(Self(known))
    }

    /// Removes the known leaks from a verdict, each as many times as it is known.
    pub(super) fn apply(mut self, verdict: &mut Verdict) {
        let all = verdict.leaks.len();
        verdict.leaks.retain(|leak| !self.take(leak));
        verdict.known = all - verdict.leaks.len();
    }

    fn take(&mut self, leak: &Leak) -> bool {
        let file = leak.position.as_ref().map(|position| shown(position.file()));
        match self.0.get_mut(&(leak.test.clone(), file, leak.kind.name().to_owned())) {
            Some(left @ 1..) => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }
}
