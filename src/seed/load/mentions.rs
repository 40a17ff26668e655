//! What a statement mentions that bears on how far it may go.

/// What a statement mentions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mentions {
    pub cost: Cost,
    /// How many words it has, of which each may be a value that is there at once with all others.
    pub words: usize,
    /// Whether it sets what holds for all databases of the process
    /// ([`PRAGMA hard_heap_limit`](https://sqlite.org/pragma.html#pragma_hard_heap_limit) and the like), or how large this one may be.
    pub limits: bool,
    /// Whether it names the table of the schema, or what lets it be written.
    pub schema: bool,
    /// Whether it has a variable as Tcl has them, `$a(…)`, which may hide anything between its parentheses.
    pub variable: bool,
}

/// What the functions cost that a statement calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cost {
    /// No more than the length of what they are given.
    #[default]
    Linear,
    /// It may be the product of what they are given, as of `instr(long, long)`.
    Product,
    /// Likewise, and a column may be computed by them: `AS (…)`.
    ProductInColumn,
}

/// A word of a statement, as far as this tells them apart.
#[derive(Clone, Copy)]
pub(crate) enum Word<'a> {
    Bare(&'a [u8]),
    Quoted(&'a [u8]),
    /// What opens the arguments of a function, among others.
    Open,
    /// What opens the name of a variable.
    OpenVariable,
    Other,
}

/// Reads a statement word by word.
#[derive(Default)]
pub(crate) struct Reader {
    mentions: Mentions,
    last: Last,
    is_pragma: bool,
    has_column: bool,
}

/// What the last word was.
#[derive(Default, PartialEq)]
enum Last {
    #[default]
    Other,
    CostlyName,
    As,
}

/// The functions whose cost may be the product of what they are given. That of `LIKE` has a limit of its own.
const COSTLY: [&str; 13] = [
    "bm25",
    "highlight",
    "instr",
    "json_patch",
    "jsonb_patch",
    "ltrim",
    "matchinfo",
    "offsets",
    "replace",
    "rtrim",
    "snippet",
    "trim",
    "unhex",
];

/// The pragmas that set limits and folders.
const LIMITS: [&str; 5] =
    ["data_store_directory", "hard_heap_limit", "max_page_count", "soft_heap_limit", "temp_store_directory"];

/// What the schema can be read and written by.
const SCHEMA: [&str; 6] =
    ["sqlite_dbpage", "sqlite_master", "sqlite_schema", "sqlite_temp_master", "sqlite_temp_schema", "writable_schema"];

impl Reader {
    /// Goes on to the next word.
    pub(crate) fn push(&mut self, word: Word<'_>) {
        let last = std::mem::take(&mut self.last);
        match word {
            Word::Open => {
                self.has_column |= last == Last::As;
                self.costs(last == Last::CostlyName);
            }
            Word::Bare(name) => {
                // Behind EXPLAIN QUERY PLAN at most.
                self.is_pragma |= self.mentions.words < 4 && is(name, "pragma");
                self.name(name);
                if is(name, "as") {
                    self.last = Last::As;
                }
            }
            Word::Quoted(name) => self.name(name),
            Word::OpenVariable => self.mentions.variable = true,
            Word::Other => {}
        }
        self.mentions.words += 1;
    }

    fn name(&mut self, name: &[u8]) {
        if COSTLY.iter().any(|costly| is(name, costly)) {
            self.last = Last::CostlyName;
        }
        let pragma = if begins(name, "pragma_") { name.get(7..) } else { self.is_pragma.then_some(name) };
        self.mentions.limits |= pragma.is_some_and(|name| LIMITS.iter().any(|limit| is(name, limit)));
        self.mentions.schema |= SCHEMA.iter().any(|schema| is(name, schema));
    }

    fn costs(&mut self, is_product: bool) {
        if is_product {
            self.mentions.cost = self.mentions.cost.max(Cost::Product);
        }
    }

    /// What the statement mentions, which has been read.
    pub(crate) fn mentions(&self) -> Mentions {
        let is_in_column = self.mentions.cost == Cost::Product && self.has_column;
        Mentions { cost: if is_in_column { Cost::ProductInColumn } else { self.mentions.cost }, ..self.mentions }
    }
}

fn is(name: &[u8], other: &str) -> bool {
    name.eq_ignore_ascii_case(other.as_bytes())
}

fn begins(name: &[u8], start: &str) -> bool {
    name.get(..start.len()).is_some_and(|name| is(name, start))
}

#[cfg(test)]
mod tests {
    use super::{Cost, Mentions};
    use crate::seed::load::splitter::statements;

    fn mentions(sql: &str) -> Mentions {
        statements(sql).next().unwrap().mentions
    }

    #[test]
    fn a_costly_function_is_one_that_is_called() {
        for sql in
            ["SELECT TRIM (a)", "SELECT \"instr\"(a, b)", "SELECT [replace]/**/(a, b, c)", "SELECT json_patch(a, b)"]
        {
            assert_eq!(mentions(sql).cost, Cost::Product, "{sql}");
        }
        for sql in [
            "INSERT OR REPLACE INTO t VALUES (zeroblob(9))",
            "REPLACE INTO t (a) VALUES (1)",
            "SELECT json_extract(a) FROM b WHERE c LIKE (d)",
            "CREATE TABLE t (a PRIMARY KEY ON CONFLICT REPLACE, b)",
            "INSERT INTO \"match\" (trim) VALUES ('trim(')",
        ] {
            assert_eq!(mentions(sql).cost, Cost::Linear, "{sql}");
        }
        let column = "CREATE TABLE t (a, b AS (instr(a, a)))";
        assert_eq!(mentions(column).cost, Cost::ProductInColumn);
        assert_eq!(mentions("SELECT a, b FROM c").words, 6);
        assert_eq!(mentions("SELECT \u{feff}trim(a)").cost, Cost::Product, "SQLite passes over a byte-order mark");
        assert!(!mentions("SELECT a$b(1), $a, :b, ?1").variable);
        for sql in ["SELECT $a('), trim(1, $b('))", "SELECT @a(x)", "SELECT :a::b(x)", "SELECT #a(x)"] {
            assert!(mentions(sql).variable, "{sql}");
        }
    }

    #[test]
    fn a_limit_is_set_by_a_pragma_or_its_function_and_not_by_a_column_of_its_name() {
        for sql in [
            "PRAGMA hard_heap_limit = 1",
            "explain query plan pragma main.\"max_page_count\" = 1",
            "SELECT * FROM pragma_soft_heap_limit(1)",
            "SELECT * FROM \"Pragma_Soft_Heap_Limit\"(1)",
        ] {
            assert!(mentions(sql).limits, "{sql}");
        }
        for sql in [
            "CREATE TABLE printers (max_page_count INT)",
            "INSERT INTO t VALUES ('PRAGMA max_page_count')",
            "PRAGMA page_size = 512",
        ] {
            assert!(!mentions(sql).limits, "{sql}");
        }
    }
}
