//! Unit tests of `src/settings.rs`.

use super::{Keep, Leaks, Level, Lint, Lints, Outside, Settings};

#[test]
fn an_empty_environment_has_no_settings() {
    assert_eq!(Settings::read(&|_| None), Ok(Settings::default()));
}

#[test]
fn reads_every_variable() {
    let settings = Settings::read(&|name| {
        let value = match name {
            "SQLITE_FIXTURES_KEEP" => "always",
            "SQLITE_FIXTURES_LEAKS" => "Warn",
            "SQLITE_FIXTURES_OUTSIDE" => "Deny-Writes",
            "SQLITE_FIXTURES_LINTS" => "upgrade=deny, open=Warn",
            _ => "off",
        };
        Some(value.to_owned())
    });
    let mut lints = Lints::default();
    lints.set(Lint::Upgrade, Level::Deny);
    lints.set(Lint::Open, Level::Warn);
    let expected = Settings {
        keep: Some(Keep::Always),
        leaks: Some(Leaks::Warn),
        outside: Some(Outside::DenyWrites),
        lints: Some(lints),
        statements: Some(0),
        values: Some(false),
        instant_busy: Some(false),
        rival: Some(false),
        template: Some(false),
        unordered: Some(false),
        backtrace: Some(false),
    };
    assert_eq!(settings, Ok(expected));
}

#[test]
fn an_invalid_value_is_an_error() {
    let error = Settings::read(&|_| Some("sometimes".into())).unwrap_err();
    assert_eq!(
        error.to_string(),
        "SQLITE_FIXTURES_KEEP=sometimes is invalid; set it to failed, always or never, or unset it"
    );
    assert_eq!("x".parse::<Leaks>().unwrap_err().to_string(), "`x` is invalid; use deny, warn or off");
}

#[test]
fn policies_parse_what_they_display() {
    for keep in [Keep::Failed, Keep::Always, Keep::Never] {
        assert_eq!(keep.to_string().parse(), Ok(keep));
    }
    for lint in Lint::ALL {
        assert_eq!(lint.to_string().parse(), Ok(lint));
    }
    for level in [Level::Deny, Level::Warn, Level::Allow] {
        assert_eq!(level.to_string().parse(), Ok(level));
    }
    for leaks in [Leaks::Deny, Leaks::Warn, Leaks::Off] {
        assert_eq!(leaks.to_string().parse(), Ok(leaks));
    }
    for outside in [Outside::Deny, Outside::DenyWrites, Outside::Warn, Outside::Off] {
        assert_eq!(outside.to_string().parse(), Ok(outside));
    }
}

#[test]
fn lints_of_the_environment_override_those_of_the_code() {
    let (mut code, run) = (Lints::default(), "open=allow".parse::<Lints>().unwrap());
    code.set(Lint::Upgrade, Level::Warn);
    code.set(Lint::Open, Level::Deny);
    let both = run.or(code);
    assert_eq!((both.level(Lint::Upgrade), both.level(Lint::Open)), (Level::Warn, Level::Allow));
    for invalid in ["upgrade", "upgrades=deny", "upgrade=denied", "", "upgrade=deny,"] {
        assert!(invalid.parse::<Lints>().is_err(), "{invalid}");
    }
}
