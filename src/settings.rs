//! The settings of one run, from the environment.
//!
//! The environment overrides the code: whoever sets `SQLITE_FIXTURES_KEEP=always` wants it for this run. An invalid value is an
//! error when the first engine is built, never a silent default.

use std::{env, error::Error, fmt, path::PathBuf, str::FromStr, sync::OnceLock};

/// When the database of a test is kept: `SQLITE_FIXTURES_KEEP`, or
/// [`EngineBuilder::keep`](crate::engine::EngineBuilder::keep).
///
/// Its `Display` and `FromStr` are the values of the variable: `failed`, `always`, `never`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Keep {
    /// When the test panicked while it held the database.
    #[default]
    Failed,
    /// Always; for tests that fail by returning `Err`, which no destructor can see.
    Always,
    /// Never.
    Never,
}

/// What happens when a connection leaks: `SQLITE_FIXTURES_LEAKS`, or
/// [`EngineBuilder::leaks`](crate::engine::EngineBuilder::leaks).
///
/// Its `Display` and `FromStr` are the values of the variable: `deny`, `warn`, `off`.
///
/// ```
/// use sqlite_fixtures::settings::Leaks;
///
/// assert_eq!("warn".parse(), Ok(Leaks::Warn));
/// assert_eq!(Leaks::Deny.to_string(), "deny");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Leaks {
    /// The test or the process fails. In the environment, also for connections to databases that are none of an engine's.
    #[default]
    Deny,
    /// Each leak is printed, and changes no exit code.
    Warn,
    /// Nothing is watched.
    Off,
}

/// What happens when a connection opens a database file outside the folders that tests may use: `SQLITE_FIXTURES_OUTSIDE`, or
/// [`guard_files`](crate::ledger::guard_files).
///
/// Its `Display` and `FromStr` are the values of the variable: `deny`, `deny-writes`, `warn`, `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Outside {
    /// Opening it is an error. SQLite may have made an empty file by then.
    Deny,
    /// Likewise, unless the connection is read-only.
    DenyWrites,
    /// It is reported when the process ends.
    Warn,
    /// Nothing.
    #[default]
    Off,
}

impl Outside {
    /// Whether a file is refused.
    pub(crate) fn is_denied(self) -> bool {
        matches!(self, Self::Deny | Self::DenyWrites)
    }
}

/// The words of an enum, for its `Display` and `FromStr`.
macro_rules! words {
    ($setting:ident: $($word:literal = $variant:ident),*; $expected:literal) => {
        impl fmt::Display for $setting {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(match self {
                    $(Self::$variant => $word),*
                })
            }
        }

        impl FromStr for $setting {
            type Err = SettingError;

            /// Ignores ASCII case.
            fn from_str(value: &str) -> Result<Self, SettingError> {
                choose(value, &[$(($word, Self::$variant)),*], $expected)
            }
        }
    };
}
words!(Keep: "failed" = Failed, "always" = Always, "never" = Never; "failed, always or never");
words!(Leaks: "deny" = Deny, "warn" = Warn, "off" = Off; "deny, warn or off");
words!(Outside: "deny" = Deny, "deny-writes" = DenyWrites, "warn" = Warn, "off" = Off; "deny, deny-writes, warn or off");

/// A setting with an invalid value.
#[derive(Clone, PartialEq, Eq)]
pub struct SettingError {
    /// The variable, if the value is from the environment.
    variable: Option<&'static str>,
    value: String,
    expected: &'static str,
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { variable, value, expected } = self;
        match variable {
            Some(variable) => write!(f, "{variable}={value} is invalid; set it to {expected}, or unset it"),
            None => write!(f, "`{value}` is invalid; use {expected}"),
        }
    }
}

crate::position::debug_is_chain!(SettingError);

impl Error for SettingError {}

/// The variable that says what happens when a connection leaks.
pub(crate) const LEAKS: &str = "SQLITE_FIXTURES_LEAKS";

/// The variable that says what happens to files outside the folders of tests.
pub(crate) const OUTSIDE: &str = "SQLITE_FIXTURES_OUTSIDE";

/// The variable that names the folder of journals.
pub(crate) const JOURNALS: &str = "SQLITE_FIXTURES_JOURNALS";

/// The settings of the environment; `None` where a variable is unset or empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Settings {
    pub keep: Option<Keep>,
    pub leaks: Option<Leaks>,
    pub outside: Option<Outside>,
    pub template: Option<bool>,
    pub unordered: Option<bool>,
    pub backtrace: Option<bool>,
}

impl Settings {
    /// The folder for journals, from `SQLITE_FIXTURES_JOURNALS`.
    pub(crate) fn journals() -> Option<PathBuf> {
        let folder = env::var_os(JOURNALS).filter(|folder| !folder.is_empty())?;
        Some(env::current_dir().unwrap_or_default().join(folder))
    }

    /// The settings of this process, read once.
    pub(crate) fn get() -> Result<&'static Self, SettingError> {
        static SETTINGS: OnceLock<Result<Settings, SettingError>> = OnceLock::new();
        SETTINGS
            .get_or_init(|| Self::read(&|name| Some(env::var_os(name)?.to_string_lossy().into_owned())))
            .as_ref()
            .map_err(Clone::clone)
    }

    fn read(lookup: Lookup<'_>) -> Result<Self, SettingError> {
        Ok(Self {
            keep: read(lookup, "SQLITE_FIXTURES_KEEP", Keep::from_str)?,
            leaks: read(lookup, LEAKS, Leaks::from_str)?,
            outside: read(lookup, OUTSIDE, Outside::from_str)?,
            template: read(lookup, "SQLITE_FIXTURES_TEMPLATE", |value| switch(value, "on or off"))?,
            unordered: read(lookup, "SQLITE_FIXTURES_UNORDERED", |value| switch(value, "1 or 0"))?,
            backtrace: read(lookup, "SQLITE_FIXTURES_BACKTRACE", |value| switch(value, "1 or 0"))?,
        })
    }
}

type Lookup<'a> = &'a dyn Fn(&'static str) -> Option<String>;

fn read<T>(
    lookup: Lookup<'_>,
    variable: &'static str,
    parse: fn(&str) -> Result<T, SettingError>,
) -> Result<Option<T>, SettingError> {
    let Some(value) = lookup(variable).filter(|value| !value.is_empty()) else { return Ok(None) };
    parse(&value).map(Some).map_err(|error| SettingError { variable: Some(variable), ..error })
}

fn switch(value: &str, expected: &'static str) -> Result<bool, SettingError> {
    let known = [("1", true), ("on", true), ("true", true), ("0", false), ("off", false), ("false", false)];
    choose(value, &known, expected)
}

fn choose<T: Copy>(value: &str, known: &[(&str, T)], expected: &'static str) -> Result<T, SettingError> {
    let found = known.iter().find(|(name, _)| value.eq_ignore_ascii_case(name));
    found.map(|(_, meaning)| *meaning).ok_or_else(|| SettingError { variable: None, value: value.to_owned(), expected })
}

#[cfg(test)]
#[path = "../tests/unit/settings.rs"]
mod tests;
