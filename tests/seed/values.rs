//! Single values, texts and places in them, through the front door.

use crate::*;
use sqlite_fixtures::rusqlite::config::DbConfig;

/// How SQLite stores the values of one file, in a column of this type.
#[cfg(any(feature = "json", feature = "yaml"))]
fn stored(file: &str, text: &str, declared: &str) -> Result<Vec<String>, SeedError> {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(&format!("CREATE TABLE t (v {declared})")).unwrap();
    Seeds::from(folder(&[(file, text)]).path()).load(&mut connection)?;
    let mut rows = connection.prepare("SELECT quote(v) FROM t").unwrap();
    let values = rows.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>();
    Ok(values.unwrap())
}

/// The lines that an error shows below its message.
fn excerpt(text: &str) -> String {
    let mut connection = Connection::open_in_memory().unwrap();
    // Else a name in double quotes would be a text.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false).unwrap();
    let error = Seeds::from(folder(&[("a.sql", text)]).path()).load(&mut connection).unwrap_err();
    let shown = error.to_string();
    shown.split_once('\n').unwrap().1.to_owned()
}

#[cfg(feature = "yaml")]
#[test]
fn yaml_scalars_follow_the_core_schema() {
    let yaml = |scalar: &str| stored("t.yaml", &format!("- v: {scalar}\n"), "").map(|mut values| values.remove(0));
    for (scalar, value) in [
        ("", "NULL"),
        ("~", "NULL"),
        ("null", "NULL"),
        ("true", "1"),
        ("-42", "-42"),
        ("0o17", "15"),
        ("1.5e3", "1500.0"),
        (".inf", "9.0e+999"),
        ("yes", "'yes'"),
        ("1.2.3", "'1.2.3'"),
        ("2026-11-24", "'2026-11-24'"),
        ("inf", "'inf'"),
        ("nan", "'nan'"),
        ("0x", "'0x'"),
        ("1_000", "1000"),
        ("5_e1", "'5_e1'"),
        ("._5", "'._5'"),
        ("1__0", "'1__0'"),
        ("08540", "'08540'"),
        ("-0.5_0", "-0.5"),
        ("e", "'e'"),
        ("'-'", "'-'"),
        ("aé灯😀z", "'aé灯😀z'"),
    ] {
        let found = yaml(scalar).unwrap();
        // SQLite spells infinity in more than one way.
        assert!(found == value || scalar == ".inf" && (found.contains("999") || found == "Inf"), "{scalar}: {found}");
    }
    yaml("9223372036854775808").unwrap_err();
}

#[cfg(feature = "json")]
#[test]
fn bytes_have_two_hexadecimal_digits_each() {
    let json = |value: &str| stored("t.json", &serde_json::json!([{ "v": value }]).to_string(), "BLOB");
    for (value, bytes) in
        [("x'00Ff'", "X'00FF'"), ("0X00ff", "X'00FF'"), ("x''", "X''"), ("x'00", "'x''00'"), ("0xz", "'0xz'")]
    {
        assert_eq!(json(value).unwrap(), [bytes], "{value}");
    }
    for value in ["x'0'", "x'zz'", "x'é'", "0x0"] {
        json(value).expect_err(value);
    }
}

#[cfg(all(feature = "base64", feature = "json"))]
#[test]
fn base64_needs_its_padding() {
    let json = |value: &str| stored("t.json", &serde_json::json!([{ "v": format!("BASE64={value}") }]).to_string(), "");
    assert_eq!(json("aGVsbG8=").unwrap(), ["X'68656C6C6F'"]);
    assert_eq!(json("aGVs\n bG8h").unwrap(), ["X'68656C6C6F21'"]);
    for value in ["aGVsbG8", "a", "=", "aGV*"] {
        json(value).expect_err(value);
    }
}

#[cfg(feature = "json")]
#[test]
fn expression_is_one_value_and_changes_nothing() {
    let json = |sql: &str| {
        let rows = serde_json::json!([{ "v": 1 }, { "v": format!("RAW={sql}") }]);
        stored("t.json", &rows.to_string(), "").map(|mut values| values.remove(1))
    };
    for (sql, value) in [
        ("1 + (SELECT v FROM t) -- so", "2"),
        ("x'00ff'", "X'00FF'"),
        ("NULL", "NULL"),
        ("SELECT count(*) FROM t", "1"),
    ] {
        assert_eq!(json(sql).unwrap(), value, "{sql}");
    }
    for sql in ["1); DELETE FROM t; SELECT (1", "1, 2", "", "nosuch(1)", "1), (2", "DELETE FROM t"] {
        json(sql).expect_err(sql);
    }
}

#[cfg(feature = "csv")]
#[test]
fn dbunit_ignores_spaces_and_escapes_quotes() {
    let dbunit = |text: &str| {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (a, b, c, d)").unwrap();
        let folder = folder(&[("table-ordering.txt", "t\n"), ("t.csv", &format!("a,b,c,d\n{text}"))]);
        Seeds::from(folder.path()).load(&mut connection)?;
        let sql = "SELECT quote(a) || ',' || quote(b) || ',' || quote(c) || ',' || quote(d) FROM t";
        Ok::<String, SeedError>(one(&connection, sql))
    };
    for (text, values) in [
        ("1, \"The first, and\nlast\" , a b ,\r\n", "'1','The first, and\nlast','a b',''"),
        ("\"x \\\"y\\\" \"\"z\"\"\",,,", "'x \"y\" \"z\"','','',''"),
        ("null, \"null\" ,[null],nulls", "NULL,NULL,NULL,'nulls'"),
        ("\"C:\\temp\\\\new\",a,b,c\r", "'C:\\temp\\new','a','b','c'"),
    ] {
        assert_eq!(dbunit(text).unwrap(), values, "{text}");
    }
    for (text, message) in [
        ("1,\"open", "a quoted field is not closed"),
        ("\"a\\", "a quoted field is not closed"),
        ("\"a\"b,1,2,3", "a quoted field goes on after its closing quote"),
    ] {
        assert!(dbunit(text).unwrap_err().to_string().contains(message), "{text}");
    }
}

#[test]
fn token_is_marked_to_its_end() {
    assert_eq!(excerpt("SELECT nosuch, 1"), "  1 | SELECT nosuch, 1\n    |        ^^^^^^");
    assert_eq!(excerpt("SELECT\n\t\"nosuch a\""), "  2 |  \"nosuch a\"\n    |  ^^^^^^^^^^");
}

#[test]
fn mark_fits_wide_characters_and_long_lines() {
    assert_eq!(excerpt("SELECT '灯台', nosuch"), "  1 | SELECT '灯台', nosuch\n    |                ^^^^^^");
    let shown = excerpt(&format!("SELECT '{}', nosuch, '{}'", "a ".repeat(200), " b".repeat(200)));
    let (line, mark) = shown.split_once('\n').unwrap();
    assert!(line.starts_with("  1 | …") && line.ends_with('…'), "{shown}");
    let column = line.chars().position(|letter| letter == 'n');
    assert_eq!(mark.chars().position(|letter| letter == '^'), column, "{shown}");
    assert!(mark.ends_with(" ^^^^^^"), "{shown}");
}

/// In texts and lines longer than the blocks by which places are found.
#[test]
fn places_count_characters_in_long_texts() {
    let line = "/* aé灯😀 */ ".repeat(1_500);
    for text in [line.replace(" /*", "\n/*"), line] {
        let (row, column) = match text.rsplit_once('\n') {
            Some((_, last)) => (text.matches('\n').count() + 1, last.chars().count() + 1),
            None => (1, text.chars().count() + 1),
        };
        let mut connection = Connection::open_in_memory().unwrap();
        let script = format!("{text}SELEC 1");
        let error = Seeds::from(folder(&[("a.sql", &script)]).path()).load(&mut connection).unwrap_err();
        let position = error.position().unwrap();
        assert_eq!(line_and_column(position), (u32::try_from(row).unwrap(), u32::try_from(column).unwrap()));
        assert!(error.source_line().unwrap().contains("SELEC 1"));
    }
}

#[test]
fn error_behind_a_carriage_return_is_on_its_line() {
    let mut connection = Connection::open_in_memory().unwrap();
    let error = Seeds::from(folder(&[("a.sql", "SELECT 1;\r\nüx")]).path()).load(&mut connection).unwrap_err();
    assert_eq!(error.position().map(line), Some(2), "{error}");
}

#[test]
fn unknown_name_is_marked_as_a_word() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("CREATE TABLE authors (author)").unwrap();
    let script = "INSERT INTO authors (authr, éauthr) VALUES (1, 2)";
    let error = Seeds::from(folder(&[("a.sql", script)]).path()).load(&mut connection).unwrap_err();
    assert_eq!(error.position().and_then(Position::column), Some(22), "{error}");
    assert!(error.to_string().contains("did you mean `author`?"), "{error}");
}

#[test]
fn migrations_run_in_the_order_of_their_numbers() {
    let files = [
        ("migrations/V10__last.sql", "INSERT INTO t VALUES (10)"),
        ("migrations/20261124093000_users.up.sql", "INSERT INTO t VALUES (20261124093000)"),
        ("migrations/0002_t.sql", "CREATE TABLE t (v)"),
        ("migrations/users.sql", "INSERT INTO t VALUES ('none')"),
    ];
    let folder = folder(&files);
    let session = Template::from_folder(folder.path()).session();
    assert_eq!(one::<String>(&session, "SELECT group_concat(v) FROM t"), "10,20261124093000,none");
}
