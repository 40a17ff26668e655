//! Unit tests of `src/position.rs`.

use super::{Position, nearest};

#[test]
fn a_whole_file_has_no_line() {
    let whole = Position::whole("a.sql");
    assert_eq!((whole.line(), whole.column(), whole.to_string().as_str()), (None, None, "a.sql"));
    let at = whole.at(2, 3);
    assert_eq!((at.line(), at.column(), at.to_string().as_str()), (Some(2), Some(3), "a.sql:2:3"));
}

#[test]
fn suggests_only_similar_names() {
    let nearest = |wanted| nearest(wanted, &mut ["id", "name"].into_iter());
    assert_eq!(nearest("nmae").as_deref(), Some("name"));
    assert_eq!(nearest("Name").as_deref(), Some("name"));
    assert_eq!(nearest("address"), None);
}

#[test]
fn sorts_as_the_standard_library() {
    let mut seed = 7_u64;
    for count in 0..60 {
        let items: Vec<(u64, usize)> = (0..count)
            .map(|number| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (seed >> 60, number)
            })
            .collect();
        let (mut ours, mut theirs) = (items.clone(), items);
        super::sort_by(&mut ours, |one, other| one.0.cmp(&other.0));
        theirs.sort_by_key(|item| item.0);
        assert_eq!(ours, theirs);
    }
}
