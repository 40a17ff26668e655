//! Unit tests of `src/seed/files/migrations.rs`.

use super::{Version, undoes};

#[test]
fn versions_are_numbers_that_are_words() {
    for (name, expected) in [
        ("0002_rebuild.sql", Some(&[2][..])),
        ("2.sql", Some(&[2])),
        ("V2__users.sql", Some(&[2])),
        ("V1.10__y.sql", Some(&[1, 10])),
        ("V1_1__y.sql", Some(&[1, 1])),
        ("0.10.0.sql", Some(&[0, 10])),
        ("1.0.sql", Some(&[1])),
        ("20261124120000_users.up.sql", Some(&[20_261_124_120_000])),
        ("2026_11_24_120000_create_users.sql", Some(&[2026, 11, 24, 120_000])),
        ("2026-11-24-120000_users", Some(&[20_261_124_120_000])),
        ("2026-11-24_users", Some(&[2026, 11, 24])),
        ("2024-01-01-10-c.sql", Some(&[2024, 1, 1, 10])),
        ("20230101120000-2024-prices.sql", Some(&[20_230_101_120_000, 2024])),
        ("m2m_links.sql", None),
        ("2020.11.24T16.45.03.users.sql", Some(&[2020, 11, 24, 16, 45, 3])),
        ("20240102T120000_add_2_columns.sql", Some(&[20_240_102, 120_000])),
        ("Script0002 - Add 3 columns.sql", Some(&[2])),
        ("patch10.sql", Some(&[10])),
        ("schema_v2.sql", Some(&[2])),
        ("001b_fix.sql", Some(&[1, 98])),
        ("0001_2fa.sql", Some(&[1])),
        ("users_1.sql", Some(&[1])),
        (
            "9999-99999999999999999999999999999999999998.sql",
            Some(&[9999, 99_999_999_999_999_999_999_999_999_999_999_999_998]),
        ),
        ("add_2fa.sql", None),
        ("utf8.sql", None),
        ("users.sql", None),
        ("R__1_view.sql", None),
        ("", None),
        ("é1.sql", None),
    ] {
        assert_eq!(Version::new(name).map(|version| version.numbers).as_deref(), expected, "{name}");
    }
}

#[test]
fn scripts_that_undo_are_known_by_their_names() {
    let names = ["V1__x.sql", "V1.2__x.sql", "V3.sql", "4_x_up.sql", "5-x-up.sql"].map(str::to_owned);
    for name in [
        "down.sql",
        "1_a.down.sql",
        "1_a.DOWN.sql",
        "001.undo.sql",
        "1.undo.users.sql",
        "0001.a.rollback.sql",
        "U1__x.sql",
        "U1.2__x.sql",
        "4_x_down.sql",
        "5-x-down.sql",
    ] {
        assert!(undoes(name, &names), "{name}");
    }
    for name in [
        "1_down_payment.sql",
        "4_y_down.sql",
        "4_x_up.sql",
        "1.down.time.sql",
        "U1.sql",
        "U2__x.sql",
        "up.sql",
        "1_a.up.sql",
        "1.do.users.sql",
        "users__u1.sql",
        "Update__x.sql",
    ] {
        assert!(!undoes(name, &names), "{name}");
    }
}

proptest::proptest! {
    #[test]
    fn any_name_has_a_version_or_none(name in "[Vv0-9éa-zT._ -]{0,24}") {
        let version = Version::new(&name);
        proptest::prop_assert!(version.is_none_or(|version| name.is_char_boundary(version.at)));
        undoes(&name, std::slice::from_ref(&name));
    }
}
