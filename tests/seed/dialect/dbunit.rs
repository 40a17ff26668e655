//! Files of DbUnit.

use crate::{blog, one};

#[test]
fn csv_has_nulls_and_a_table_ordering() {
    let (connection, loaded) = blog(&[
        ("table-ordering.txt", "users\nposts\n"),
        ("users.csv", "id, name\n1,[null]\n2,\"[null]\"\n3 , null \n4,\"null\"\n5, Eve \n6, \"Ann, \\\"Bo\\\"\"\n7,\n"),
        ("posts.csv", "id, author_id\n1, 2\n"),
    ]);
    loaded.unwrap();
    let named = "SELECT group_concat(id || coalesce(name, '-')) FROM users";
    assert_eq!(one::<String>(&connection, named), "1-,2[null],3-,4-,5Eve,6Ann, \"Bo\",7");
    let (connection, loaded) = blog(&[("users.csv", "id,name\n1,null\n2, Eve\n")]);
    loaded.unwrap();
    assert_eq!(one::<String>(&connection, "SELECT group_concat(name) FROM users"), "null, Eve", "of somebody else");
}
