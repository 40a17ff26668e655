//! Unit tests of `src/settings.rs`.

use super::{Keep, Leaks, Outside, Settings};

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
            _ => "off",
        };
        Some(value.to_owned())
    });
    let expected = Settings {
        keep: Some(Keep::Always),
        leaks: Some(Leaks::Warn),
        outside: Some(Outside::DenyWrites),
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
    for leaks in [Leaks::Deny, Leaks::Warn, Leaks::Off] {
        assert_eq!(leaks.to_string().parse(), Ok(leaks));
    }
    for outside in [Outside::Deny, Outside::DenyWrites, Outside::Warn, Outside::Off] {
        assert_eq!(outside.to_string().parse(), Ok(outside));
    }
}
