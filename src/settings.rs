//! The knobs that a person may turn for one run, from the environment.
//!
//! The environment wins over what the code asked for: whoever types `SQLITE_FIXTURES_KEEP=always` wants it now. A value
//! that is not understood is an error when the first engine is built, never a silent default.

use std::{env, error::Error, fmt, path::PathBuf, sync::OnceLock};

/// When the database of a test is kept: `SQLITE_FIXTURES_KEEP`, or
/// [`EngineBuilder::keep`](crate::engine::EngineBuilder::keep).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// When the test panicked while it held the database.
    #[default]
    Failed,
    /// Always; for tests that fail by returning `Err`, which no destructor can see.
    Always,
    /// Never.
    Never,
}

/// What becomes of a leak: `SQLITE_FIXTURES_LEAKS`, or [`EngineBuilder::leaks`](crate::engine::EngineBuilder::leaks).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Leaks {
    /// The test fails.
    #[default]
    Deny,
    /// The report is printed.
    Warn,
    /// Nothing is said.
    Off,
}

/// A setting whose value is not understood.
#[derive(Clone, PartialEq, Eq)]
pub struct SettingError {
    name: &'static str,
    value: String,
    expected: &'static str,
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value, expected } = self;
        write!(f, "{name}={value} is not understood; set it to {expected}, or unset it")
    }
}

crate::position::debug_is_chain!(SettingError);

impl Error for SettingError {}

/// The setting of what becomes of a leak.
pub(crate) const LEAKS: &str = "SQLITE_FIXTURES_LEAKS";

/// The setting that names the folder of journals.
pub(crate) const JOURNALS: &str = "SQLITE_FIXTURES_JOURNALS";

/// What the environment says; `None` where it says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Settings {
    pub keep: Option<Keep>,
    pub leaks: Option<Leaks>,
    pub template: Option<bool>,
    pub unordered: Option<bool>,
    pub backtrace: Option<bool>,
}

impl Settings {
    /// The folder that a journal is kept in, from `SQLITE_FIXTURES_JOURNALS`.
    pub(crate) fn journals() -> Option<PathBuf> {
        let folder = env::var_os(JOURNALS).filter(|folder| !folder.is_empty())?;
        Some(env::current_dir().unwrap_or_default().join(folder))
    }

    /// The environment's settings, read once.
    pub(crate) fn get() -> Result<&'static Self, SettingError> {
        static SETTINGS: OnceLock<Result<Settings, SettingError>> = OnceLock::new();
        SETTINGS
            .get_or_init(|| Self::read(|name| Some(env::var_os(name)?.to_string_lossy().into_owned())))
            .as_ref()
            .map_err(Clone::clone)
    }

    fn read(lookup: impl Fn(&'static str) -> Option<String>) -> Result<Self, SettingError> {
        const SWITCH: &[(&str, bool)] =
            &[("1", true), ("on", true), ("true", true), ("0", false), ("off", false), ("false", false)];
        Ok(Self {
            keep: choose(
                &lookup,
                "SQLITE_FIXTURES_KEEP",
                "failed, always or never",
                &[("failed", Keep::Failed), ("always", Keep::Always), ("never", Keep::Never)],
            )?,
            leaks: choose(
                &lookup,
                LEAKS,
                "deny, warn or off",
                &[("deny", Leaks::Deny), ("warn", Leaks::Warn), ("off", Leaks::Off)],
            )?,
            template: choose(&lookup, "SQLITE_FIXTURES_TEMPLATE", "on or off", SWITCH)?,
            unordered: choose(&lookup, "SQLITE_FIXTURES_UNORDERED", "1 or 0", SWITCH)?,
            backtrace: choose(&lookup, "SQLITE_FIXTURES_BACKTRACE", "1 or 0", SWITCH)?,
        })
    }
}

fn choose<T: Copy>(
    lookup: impl Fn(&'static str) -> Option<String>,
    name: &'static str,
    expected: &'static str,
    known: &[(&str, T)],
) -> Result<Option<T>, SettingError> {
    let Some(value) = lookup(name).filter(|value| !value.is_empty()) else { return Ok(None) };
    match known.iter().find(|(word, _)| value.eq_ignore_ascii_case(word)) {
        Some((_, meaning)) => Ok(Some(*meaning)),
        None => Err(SettingError { name, value, expected }),
    }
}

#[cfg(test)]
mod tests {
    use super::{Keep, Leaks, Settings};

    #[test]
    fn an_empty_environment_says_nothing() {
        assert_eq!(Settings::read(|_| None), Ok(Settings::default()));
    }

    #[test]
    fn every_setting_is_read() {
        let settings = Settings::read(|name| {
            Some(if name.ends_with("KEEP") {
                "always".into()
            } else if name.ends_with("LEAKS") {
                "Warn".into()
            } else {
                "off".into()
            })
        });
        let expected = Settings {
            keep: Some(Keep::Always),
            leaks: Some(Leaks::Warn),
            template: Some(false),
            unordered: Some(false),
            backtrace: Some(false),
        };
        assert_eq!(settings, Ok(expected));
    }

    #[test]
    fn a_value_that_is_not_understood_names_what_is() {
        let error = Settings::read(|_| Some("sometimes".into())).unwrap_err();
        assert_eq!(
            error.to_string(),
            "SQLITE_FIXTURES_KEEP=sometimes is not understood; set it to failed, always or never, or unset it"
        );
    }
}
