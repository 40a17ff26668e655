//! Fixture files as Django dumps them.

use super::loaded;
use crate::{line_and_column, load_into, one};
use common::folder;
use serde_json::Value;
use sqlite_fixtures::{Labels, Seeds, Template, rusqlite::Connection, seed::SeedError};

const SCHEMA: &str = "
    CREATE TABLE auth_user (id INTEGER PRIMARY KEY, username TEXT NOT NULL UNIQUE, boss_id INTEGER REFERENCES auth_user);
    CREATE TABLE blog_post (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES auth_user, title TEXT,
        published INTEGER, next_id INTEGER REFERENCES blog_post);
    CREATE TABLE tag (id INTEGER PRIMARY KEY, area TEXT, name TEXT, UNIQUE (area, name));
    CREATE TABLE blog_post_tags (id INTEGER PRIMARY KEY, post_id INTEGER NOT NULL REFERENCES blog_post,
        tag_id INTEGER NOT NULL REFERENCES tag);
    CREATE TABLE auth_user_friends (id INTEGER PRIMARY KEY, from_user_id INTEGER REFERENCES auth_user,
        to_user_id INTEGER REFERENCES auth_user);
    CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT);";

/// Forward references, a circle, lists of both kinds, keys that are given, natural and left out.
const OBJECTS: &str = r#"[
    {"model": "blog.post", "pk": 1, "fields": {"author": ["alice"], "title": "One", "published": true, "next": 2,
        "tags": [3, ["sea", "salt"]]}},
    {"model": "blog.post", "pk": 2, "fields": {"author": 7, "title": "Two", "published": false, "next": 1, "tags": []}},
    {"model": "auth.user", "pk": 7, "fields": {"username": "bob", "boss": ["alice"], "friends": [["alice"]]}},
    {"model": "auth.user", "pk": null, "fields": {"username": "alice", "boss": 7, "friends": []}},
    {"model": "blog.tag", "pk": 3, "fields": {"area": "land", "name": "moss"}},
    {"model": "blog.tag", "fields": {"area": "sea", "name": "salt"}},
    {"model": "app.note", "fields": {"body": "in the plural"}}
]"#;

fn load(name: &str, text: &str) -> (Connection, Result<Labels, SeedError>) {
    load_into(SCHEMA, &[(name, text)])
}

fn shown(connection: &Connection, sql: &str) -> String {
    one(connection, &format!("SELECT group_concat(r, ' / ') FROM ({sql})"))
}

fn assert_loaded(name: &str, text: &str) {
    let (connection, labels) = load(name, text);
    let labels = labels.unwrap();
    assert_eq!(labels.key::<i64>("auth_user", "bob").unwrap(), 7);
    assert_eq!(
        shown(
            &connection,
            "SELECT concat_ws('|', blog_post.id, username, title, published, next_id) r
             FROM blog_post JOIN auth_user ON author_id = auth_user.id ORDER BY blog_post.id"
        ),
        "1|alice|One|1|2 / 2|bob|Two|0|1"
    );
    assert_eq!(
        shown(
            &connection,
            "SELECT concat_ws('|', one.username, two.username) r
             FROM auth_user one JOIN auth_user two ON one.boss_id = two.id ORDER BY 1"
        ),
        "alice|bob / bob|alice"
    );
    assert_eq!(
        shown(
            &connection,
            "SELECT concat_ws('|', post_id, area, name) r FROM blog_post_tags JOIN tag ON tag.id = tag_id ORDER BY 1"
        ),
        "1|land|moss / 1|sea|salt"
    );
    assert_eq!(
        shown(
            &connection,
            "SELECT concat_ws('|', one.username, two.username) r FROM auth_user_friends
             JOIN auth_user one ON one.id = from_user_id JOIN auth_user two ON two.id = to_user_id"
        ),
        "bob|alice"
    );
    assert_eq!(one::<String>(&connection, "SELECT body FROM notes"), "in the plural");
}

#[test]
fn objects_load_in_every_format() {
    assert_loaded("initial_data.json", OBJECTS);
    let objects: Vec<Value> = serde_json::from_str(OBJECTS).unwrap();
    let lines: String = objects.iter().map(|object| object.to_string() + "\n").collect();
    assert_loaded("initial_data.jsonl", &lines);
    #[cfg(feature = "yaml")]
    {
        let yaml: String = objects.iter().map(|object| format!("- {object}\n")).collect();
        assert_loaded("initial_data.yaml", &yaml);
    }
}

#[test]
fn errors_have_places() {
    let (_, loaded) = load(
        "data.json",
        "[\n{\"model\": \"blog.pots\", \"fields\": {}},\n\
         {\"model\": \"blog.post\", \"fields\": {\"author\": [\"alcie\"]}},\n\
         {\"model\": \"blog.post\", \"fields\": {\"author\": [\"alice\"], \"titel\": 1}},\n\
         {\"model\": \"auth.user\", \"fields\": {\"username\": \"alice\"}}\n]",
    );
    let error = loaded.unwrap_err();
    let places: Vec<_> = error.all().map(|mistake| mistake.position().unwrap()).collect();
    let places: Vec<_> = places.iter().map(|place| line_and_column(place)).collect();
    assert_eq!(places, [(2, 11), (3, 45), (4, 56)], "{error}");
    assert!(error.to_string().contains("table `blog_pots`: there is no such table; did you mean `blog_post`?"));
    assert!(error.to_string().contains("this is neither a key nor a label of `auth_user`; did you mean `alice`?"));
}

#[test]
fn non_object_is_an_error() {
    let (_, loaded) = load(
        "data.json",
        "[\n{\"model\": \"blog.post\", \"pk\": 1, \"field\": {}},\n\
         {\"model\": \"auth.user\", \"fields\": {\"username\": \"alice\"}},\n7\n]",
    );
    let error = loaded.unwrap_err();
    let said: Vec<_> = error.all().map(|mistake| mistake.to_string().lines().next().unwrap().to_owned()).collect();
    let expected = "expected an object of Django, `{model, pk, fields}`, like others in this list, found";
    assert!(said[0].contains(&format!("data.json:2:1: {expected} a map")), "{said:?}");
    assert!(said[1].contains(&format!("data.json:4:1: {expected} a number")), "{said:?}");
    assert_eq!(said.len(), 2);
}

#[test]
fn file_without_objects_has_no_rows() {
    load("initial_data.json", "[]").1.unwrap();
    let error = load("auth_users.json", "[]").1.unwrap_err();
    assert!(error.to_string().contains("did you mean `auth_user`?"), "{error}");
}

#[test]
fn repeated_and_composite_keys_and_json_columns() {
    let mut connection = Connection::open_in_memory().unwrap();
    let schema = r#"CREATE TABLE app_place (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE app_cafe (place_ptr_id INTEGER PRIMARY KEY REFERENCES app_place, tea bool);
        CREATE TABLE app_seat (cafe_id INTEGER, number INTEGER, note TEXT, PRIMARY KEY (number, cafe_id));
        CREATE TABLE app_note (id INTEGER PRIMARY KEY, "data" text NOT NULL CHECK ((JSON_VALID("data") OR "data" IS NULL)));"#;
    connection.execute_batch(schema).unwrap();
    let objects = r#"[{"model": "app.place", "pk": 1, "fields": {"id": 1, "name": "Moss"}},
        {"model": "app.cafe", "pk": 1, "fields": {"place_ptr": 1, "tea": true}},
        {"model": "app.seat", "pk": [2, 3], "fields": {"note": "by the door"}},
        {"model": "app.note", "pk": 1, "fields": {"data": "text"}},
        {"model": "app.note", "pk": 2, "fields": {"data": true}},
        {"model": "app.note", "pk": 3, "fields": {"data": [1, null]}}]"#;
    Seeds::from(folder(&[("data.json", objects)]).path()).load(&mut connection).unwrap();
    let sql = "SELECT (SELECT name || place_ptr_id || tea FROM app_place JOIN app_cafe ON id = place_ptr_id) || number || cafe_id
        || (SELECT group_concat(data, ' ') FROM app_note) FROM app_seat";
    assert_eq!(one::<String>(&connection, sql), r#"Moss1123"text" true [1,null]"#);
    let wrong = r#"[{"model": "app.place", "pk": 1, "fields": {"id": 2, "name": "Moss"}}]"#;
    let error = Seeds::from(folder(&[("data.json", wrong)]).path()).load(&mut connection).unwrap_err();
    assert!(error.to_string().contains("the column is given twice"), "{error}");
}

#[cfg(feature = "base64")]
#[test]
fn uuids_and_bytes_are_stored_as_in_django() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("CREATE TABLE app_file (id char(32) NOT NULL PRIMARY KEY, data BLOB)").unwrap();
    let objects = r#"[{"model": "app.file", "pk": "DE305D54-75b4-431b-adb2-eb6b9e546013", "fields": {"data": "aGVsbG8="}},
        {"model": "app.file", "pk": "de305d54-75b4-431b-adb2-eb6b9e54601x", "fields": {"data": null}}]"#;
    Seeds::from(folder(&[("data.json", objects)]).path()).load(&mut connection).unwrap();
    let sql = "SELECT group_concat(id || coalesce(' ' || CAST(data AS TEXT), '')) FROM app_file";
    assert_eq!(
        one::<String>(&connection, sql),
        "de305d5475b4431badb2eb6b9e546013 hello,de305d54-75b4-431b-adb2-eb6b9e54601x"
    );
    let wrong = r#"[{"model": "app.file", "pk": "1", "fields": {"data": "hello!"}}]"#;
    let error = Seeds::from(folder(&[("data.json", wrong)]).path()).load(&mut connection).unwrap_err();
    assert!(error.to_string().contains("data.json:1:54: table `app_file`, column `data`: "), "{error}");
}

#[test]
fn similar_rows_are_not_objects() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("CREATE TABLE cars (model TEXT, pk INTEGER, fields TEXT)").unwrap();
    let seeds = folder(&[("cars.json", r#"[{"model": "T", "pk": 1, "fields": "none"}]"#)]);
    Seeds::from(seeds.path()).load(&mut connection).unwrap();
    assert_eq!(one::<String>(&connection, "SELECT model || pk || fields FROM cars"), "T1none");
}

#[test]
fn built_in_model_finds_its_table() {
    let schema = "CREATE TABLE django_content_type (id INTEGER PRIMARY KEY, app_label TEXT, model TEXT, UNIQUE (app_label, model));
        CREATE TABLE auth_permission (id INTEGER PRIMARY KEY, content_type_id INTEGER REFERENCES django_content_type);";
    let rows = r#"[{"model": "contenttypes.contenttype", "pk": 3, "fields": {"app_label": "auth", "model": "user"}},
        {"model": "auth.permission", "pk": 1, "fields": {"content_type": ["auth", "user"]}}]"#;
    let files = folder(&[("schema.sql", schema), ("data.json", rows)]);
    let session = Template::from_folder(files.path()).session();
    assert_eq!(one::<i64>(&session, "SELECT content_type_id FROM auth_permission"), 3);
}

#[cfg(feature = "yaml")]
#[test]
fn rules_of_rails_do_not_change_objects() {
    let schema = "CREATE TABLE blog_post (id INTEGER PRIMARY KEY, slug TEXT UNIQUE, title TEXT, updated_at DATETIME);";
    let yaml = "- {model: blog.post, pk: 1, fields: {slug: a, title: \"cost: $LABEL\"}}\n";
    let connection = loaded(schema, &[("posts.yaml", yaml)]);
    assert_eq!(
        shown(&connection, "SELECT title || coalesce(updated_at, ' NULL') AS r FROM blog_post"),
        "cost: $LABEL NULL"
    );
}

#[test]
fn lists_of_uuids_join() {
    let schema = "CREATE TABLE shop_product (id char(32) PRIMARY KEY);
        CREATE TABLE shop_product_related (id INTEGER PRIMARY KEY,
            from_product_id char(32) NOT NULL REFERENCES shop_product (id),
            to_product_id char(32) NOT NULL REFERENCES shop_product (id));";
    let [one, two] = ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"];
    let json = format!(
        r#"[{{"model": "shop.product", "pk": "{one}", "fields": {{"related": ["{two}"]}}}},
            {{"model": "shop.product", "pk": "{two}", "fields": {{"related": ["{one}", "{two}"]}}}}]"#
    );
    let connection = loaded(schema, &[("products.json", &json)]);
    let sql = "SELECT count(*) || max(to_product_id) AS r FROM shop_product_related";
    assert_eq!(shown(&connection, sql), format!("3{}", two.replace('-', "")));
}
