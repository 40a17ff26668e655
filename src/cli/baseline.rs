//! The leaks that a team knows of: a file that lists them, as `--format json` does.

use super::Failure;
use crate::{ledger::journal::leak::Leak, report::leaks::Verdict};
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path};

/// How often each leak is known. Lines are not compared, since they move, nor processes.
pub(super) struct Baseline(BTreeMap<Known, usize>);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Known {
    test: Option<String>,
    file: Option<String>,
    kind: String,
}

impl Baseline {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let value: Value = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let wrong = || format!("{}: not a baseline; write one with --write-baseline", path.display());
        let mut known = BTreeMap::new();
        for leak in value.get("leaks").and_then(Value::as_array).ok_or_else(wrong)? {
            let text = |name| match leak.get(name) {
                Some(Value::String(text)) => Ok(Some(text.clone())),
                Some(Value::Null) => Ok(None),
                _ => Err(wrong()),
            };
            let leak = Known { test: text("test")?, file: text("file")?, kind: text("kind")?.ok_or_else(wrong)? };
            *known.entry(leak).or_default() += 1;
        }
        Ok(Self(known))
    }

    /// Takes the known leaks out of a verdict, each as often as it is known.
    pub(super) fn pass_over(mut self, verdict: &mut Verdict) {
        let all = verdict.leaks.len();
        verdict.leaks.retain(|leak| !self.knows(leak));
        verdict.known = all - verdict.leaks.len();
    }

    fn knows(&mut self, leak: &Leak) -> bool {
        let known = Known {
            test: leak.test.clone(),
            file: leak.position.as_ref().map(|place| place.file().display().to_string()),
            kind: leak.kind.name().to_owned(),
        };
        match self.0.get_mut(&known) {
            Some(left @ 1..) => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }
}
