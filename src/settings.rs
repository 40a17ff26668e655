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

/// A habit of code that passes its tests and fails in production; off unless asked for: `SQLITE_FIXTURES_LINTS`, or
/// [`EngineBuilder::lint`](crate::engine::EngineBuilder::lint).
///
/// Its `Display` and `FromStr` are the names in the variable: `upgrade`, `open`, `scan`, `repeat`. See [the guide](crate::guide::concurrency).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lint {
    /// A transaction that begins by reading and later writes. SQLite does not wait for another writer there, whatever the
    /// [busy timeout](https://sqlite.org/c3ref/busy_timeout.html) is: the statement fails with `SQLITE_BUSY` at once.
    Upgrade,
    /// A transaction that is still open when its connection is closed, which rolls it back, when its test ends, or when another test
    /// uses the connection.
    Open,
    /// A statement that took more than so many steps through tables (100, unless it is set), where an index on the columns that it
    /// compares would spare them.
    Scan,
    /// A query, `UPDATE` or `DELETE` that ran more than so many times (20, unless it is set) from one call in a test: one for each row.
    Repeat,
}

impl Lint {
    pub(crate) const ALL: [Self; 4] = [Self::Upgrade, Self::Open, Self::Scan, Self::Repeat];

    fn default_limit(self) -> usize {
        match self {
            Self::Scan => 100,
            Self::Repeat => 20,
            Self::Upgrade | Self::Open => 0,
        }
    }
}

/// What happens where a [`Lint`] applies.
///
/// Its `Display` and `FromStr` are the values in `SQLITE_FIXTURES_LINTS`: `deny`, `warn`, `allow`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Level {
    /// The test that ran the statement fails; the process, where the test is not known.
    Deny,
    /// It is reported when the process ends.
    Warn,
    /// Nothing.
    #[default]
    Allow,
}

/// The levels and limits of lints; `None` where they are not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Lints {
    levels: [Option<Level>; Lint::ALL.len()],
    limits: [Option<usize>; Lint::ALL.len()],
}

impl Lints {
    pub(crate) fn set(&mut self, lint: Lint, level: Level) {
        self.levels[lint as usize] = Some(level);
    }

    pub(crate) fn set_limit(&mut self, lint: Lint, limit: usize) {
        self.limits[lint as usize] = Some(limit);
    }

    pub(crate) fn level(self, lint: Lint) -> Level {
        self.levels[lint as usize].unwrap_or_default()
    }

    /// How often a lint lets something pass.
    pub(crate) fn limit(self, lint: Lint) -> usize {
        self.limits[lint as usize].unwrap_or_else(|| lint.default_limit())
    }

    /// These, but where they are not set, those of `other`.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            levels: std::array::from_fn(|at| self.levels[at].or(other.levels[at])),
            limits: std::array::from_fn(|at| self.limits[at].or(other.limits[at])),
        }
    }

    pub(crate) fn any(self) -> bool {
        Lint::ALL.iter().any(|lint| self.level(*lint) != Level::Allow)
    }
}

impl FromStr for Lints {
    type Err = SettingError;

    /// `upgrade=deny,scan=warn:500`.
    fn from_str(value: &str) -> Result<Self, SettingError> {
        const EXPECTED: &str = "a list such as upgrade=deny,scan=warn:500, of the lints upgrade, open, scan and repeat, the levels \
                                deny, warn and allow, and the limits of scan and repeat";
        let invalid = || SettingError { variable: None, value: value.to_owned(), expected: EXPECTED };
        let mut lints = Self::default();
        for part in value.split(',') {
            let (lint, level) = part.split_once('=').ok_or_else(invalid)?;
            let lint: Lint = lint.trim().parse().map_err(|_| invalid())?;
            let (level, limit) = match level.split_once(':') {
                Some((level, limit)) if lint.default_limit() > 0 => (level, Some(limit)),
                Some(_) => return Err(invalid()),
                None => (level, None),
            };
            lints.set(lint, level.trim().parse().map_err(|_| invalid())?);
            if let Some(limit) = limit {
                lints.set_limit(lint, limit.trim().parse().map_err(|_| invalid())?);
            }
        }
        Ok(lints)
    }
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

words!(Lint: "upgrade" = Upgrade, "open" = Open, "scan" = Scan, "repeat" = Repeat; "upgrade, open, scan or repeat");
words!(Level: "deny" = Deny, "warn" = Warn, "allow" = Allow; "deny, warn or allow");

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

/// The variable that sets the levels of lints.
pub(crate) const LINTS: &str = "SQLITE_FIXTURES_LINTS";

/// The variable that names the folder of journals.
pub(crate) const JOURNALS: &str = "SQLITE_FIXTURES_JOURNALS";

/// The settings of the environment; `None` where a variable is unset or empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Settings {
    pub keep: Option<Keep>,
    pub leaks: Option<Leaks>,
    pub outside: Option<Outside>,
    pub lints: Option<Lints>,
    /// How many statements are shown under a failed test.
    pub statements: Option<usize>,
    /// Whether they are shown with the values that were bound to them.
    pub values: Option<bool>,
    pub template: Option<bool>,
    pub unordered: Option<bool>,
    pub backtrace: Option<bool>,
    pub instant_busy: Option<bool>,
    pub rival: Option<bool>,
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
            lints: read(lookup, LINTS, Lints::from_str)?,
            statements: read(lookup, "SQLITE_FIXTURES_STATEMENTS", statements)?,
            values: read(lookup, "SQLITE_FIXTURES_VALUES", |value| switch(value, "1 or 0"))?,
            template: read(lookup, "SQLITE_FIXTURES_TEMPLATE", |value| switch(value, "on or off"))?,
            unordered: read(lookup, "SQLITE_FIXTURES_UNORDERED", |value| switch(value, "1 or 0"))?,
            instant_busy: read(lookup, "SQLITE_FIXTURES_INSTANT_BUSY", |value| switch(value, "1 or 0"))?,
            rival: read(lookup, "SQLITE_FIXTURES_RIVAL", |value| switch(value, "1 or 0"))?,
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

fn statements(value: &str) -> Result<usize, SettingError> {
    if value.eq_ignore_ascii_case("off") {
        return Ok(0);
    }
    let invalid = |_| SettingError { variable: None, value: value.to_owned(), expected: "a number, or off" };
    value.parse().map_err(invalid)
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
