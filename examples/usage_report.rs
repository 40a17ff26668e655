//! An administrative report over the sample library: `cargo run --example usage_report`.

use sqlite_fixtures::{Session, Template, rusqlite};
use std::fmt::Write;

static LIBRARY: Template = Template::folder("fixtures");

/// Who has what at home, and how busy each shelf is.
fn usage(session: &Session) -> rusqlite::Result<String> {
    let mut report = String::from("open loans\n");
    let mut loans = session.prepare("SELECT member, title, due FROM open_loans ORDER BY due")?;
    let mut rows = loans.query([])?;
    while let Some(row) = rows.next()? {
        let (member, title, due): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let _ = writeln!(report, "  {due}  {member}: {title}");
    }
    report.push_str("loans by shelf\n");
    let mut shelves = session.prepare(
        "SELECT copies.shelf, count(loans.id) FROM copies LEFT JOIN loans ON loans.copy_id = copies.id
         GROUP BY copies.shelf ORDER BY 2 DESC, 1",
    )?;
    let mut rows = shelves.query([])?;
    while let Some(row) = rows.next()? {
        let (shelf, loans): (String, i64) = (row.get(0)?, row.get(1)?);
        let _ = writeln!(report, "  {shelf}  {loans}");
    }
    Ok(report)
}

fn main() -> rusqlite::Result<()> {
    print!("{}", usage(&LIBRARY.session())?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_says_who_has_what_and_which_shelf_is_busy() {
        let report = usage(&LIBRARY.session()).unwrap();
        assert!(report.contains("2026-12-24  Zoë Abara: 灯台の冬"), "{report}");
        assert!(report.contains("loans by shelf\n  A1  2\n"), "{report}");
    }
}
