//! 100,000 rows as a test suite may have them, in memory and as the text of each format.

use std::fmt::Write;

pub const PEOPLE: i64 = 100_000;

pub const SCHEMA: &str = "CREATE TABLE people (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, city TEXT, age INTEGER, score REAL, created_at TEXT);
CREATE INDEX people_by_city ON people (city)";

pub struct Person {
    pub id: i64,
    pub name: String,
    pub email: String,
    pub city: Option<String>,
    pub age: i64,
    pub score: f64,
    pub created_at: String,
}

pub fn all() -> Vec<Person> {
    let person = |id: u32| Person {
        id: id.into(),
        name: format!("Person Number {id}"),
        email: format!("person.{id}@example.com"),
        city: (!id.is_multiple_of(5)).then(|| format!("City {}", id % 1000)),
        age: (id % 90).into(),
        score: f64::from(id) / 8.0 + 0.5,
        created_at: format!("2026-{:02}-{:02} 12:{:02}:00", id % 12 + 1, id % 28 + 1, id % 60),
    };
    (1..=100_000).map(person).collect()
}

/// A text for each, joined.
fn each(people: &[Person], mut write: impl FnMut(&mut String, &Person) -> std::fmt::Result) -> String {
    let mut text = String::new();
    for person in people {
        write(&mut text, person).expect("memory to write into");
    }
    text
}

pub fn json_lines(people: &[Person]) -> String {
    each(people, |text, person| {
        let Person { id, name, email, city, age, score, created_at } = person;
        let city = city.as_ref().map_or("null".to_owned(), |city| format!("{city:?}"));
        writeln!(
            text,
            r#"{{"id": {id}, "name": {name:?}, "email": {email:?}, "city": {city}, "age": {age}, "score": {score:?}, "created_at": {created_at:?}}}"#
        )
    })
}

pub fn json(people: &[Person]) -> String {
    format!("[\n  {}\n]\n", json_lines(people).trim_end().replace('\n', ",\n  "))
}

pub fn csv(people: &[Person]) -> String {
    "id,name,email,city,age,score,created_at\n".to_owned()
        + &each(people, |text, person| {
            let Person { id, name, email, city, age, score, created_at } = person;
            writeln!(text, "{id},{name},{email},{},{age},{score:?},{created_at}", city.as_deref().unwrap_or_default())
        })
}

pub fn sql(people: &[Person]) -> String {
    let rows = each(people, |text, person| {
        let Person { id, name, email, city, age, score, created_at } = person;
        let city = city.as_ref().map_or("NULL".to_owned(), |city| format!("'{city}'"));
        let columns = "id, name, email, city, age, score, created_at";
        writeln!(
            text,
            "INSERT INTO people ({columns}) VALUES ({id}, '{name}', '{email}', {city}, {age}, {score:?}, '{created_at}');"
        )
    });
    format!("BEGIN;\n{rows}COMMIT;\n")
}

pub fn yaml(people: &[Person]) -> String {
    each(people, |text, person| {
        let Person { id, name, email, city, age, score, created_at } = person;
        let city = city.as_deref().unwrap_or("null");
        writeln!(text, "- id: {id}\n  name: {name}\n  email: {email}\n  city: {city}")?;
        writeln!(text, "  age: {age}\n  score: {score:?}\n  created_at: {created_at}")
    })
}

pub fn toml(people: &[Person]) -> String {
    each(people, |text, person| {
        let Person { id, name, email, city, age, score, created_at } = person;
        writeln!(text, "[[people]]\nid = {id}\nname = {name:?}\nemail = {email:?}")?;
        if let Some(city) = city {
            writeln!(text, "city = {city:?}")?;
        }
        writeln!(text, "age = {age}\nscore = {score:?}\ncreated_at = {created_at:?}\n")
    })
}
