//! What a whole run has leaked: as text, for CI servers, and for programs.

use super::by_test;
use crate::ledger::close_blockers;
use crate::ledger::journal::leak::{Kind, Leak};
use crate::position::{Position, counted, shown};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde::{Serialize, Serializer, ser::SerializeStruct};
use std::collections::BTreeMap;

/// What the journals of a run say together.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub processes: usize,
    pub opened: u64,
    /// Those that are in no baseline.
    pub leaks: Vec<Leak>,
    /// Openings of files outside the folders of tests.
    pub outside: Vec<Leak>,
    /// How many are in the baseline.
    pub known: usize,
    /// Why the check could not be made; empty if it was.
    pub faults: Vec<String>,
}

impl Verdict {
    /// As text: one line per leak, then what to do.
    pub(crate) fn human(&self) -> String {
        let mut text = String::new();
        for fault in &self.faults {
            text += &format!("sqlite-fixtures: the check could not be made: {fault}\n");
        }
        let mut files: Vec<String> = self.outside.iter().map(describe_file).collect();
        files.sort();
        files.dedup();
        if !files.is_empty() {
            text += "sqlite-fixtures: tests opened files outside their folders:\n";
            for file in files {
                text += &format!("  {file}\n");
            }
            text += "see SQLITE_FIXTURES_OUTSIDE, which refuses them\n";
        }
        let known = if self.known > 0 { format!(", {} known", self.known) } else { String::new() };
        let total = format!("of {} opened in {}{known}", self.opened, counted(self.processes, "process", "processes"));
        if self.leaks.is_empty() {
            if self.faults.is_empty() {
                text += &format!("sqlite-fixtures: no session leaked, {total}\n");
            }
            return text;
        }
        text += &format!("sqlite-fixtures: {} leaked, {total}:\n", counted(self.leaks.len(), "session", "sessions"));
        for leak in &self.leaks {
            text += &format!("  {}\n", describe(leak));
        }
        text + "close each session before its test ends\n"
    }

    /// `{"leaks": [...]}`, with null for what is not known.
    pub(crate) fn json(&self) -> String {
        self.objects(true)
    }

    /// Likewise, sorted and without the processes: the same leaks give the same bytes in each run.
    pub(crate) fn baseline(&self) -> String {
        self.objects(false)
    }

    fn objects(&self, with_process: bool) -> String {
        let object = |leak| Object { leak, with_process, with_database: false };
        let mut leaks: Vec<Object> = self.leaks.iter().map(object).collect();
        if !with_process {
            let place = |leak: &Leak| {
                let position = leak.position.as_ref();
                (
                    position.map(|place| place.file().to_owned()),
                    position.and_then(Position::line),
                    leak.statements.clone(),
                )
            };
            leaks.sort_by_cached_key(|Object { leak, .. }| (leak.test.clone(), place(leak), leak.kind.name()));
        }
        let mut lists = BTreeMap::from([("leaks", leaks)]);
        if with_process {
            let file = |leak| Object { leak, with_process, with_database: true };
            lists.insert("outside", self.outside.iter().map(file).collect());
        }
        let text = serde_json::to_string_pretty(&lists);
        text.unwrap_or_else(|error| unreachable!("all keys are strings: {error}")) + "\n"
    }

    /// Annotations for the files of a pull request on GitHub.
    pub(crate) fn github(&self) -> String {
        let mut text = String::new();
        for fault in &self.faults {
            text += &format!("::error title=sqlite-fixtures::{}\n", data(fault));
        }
        for leak in &self.leaks {
            text += "::error ";
            if let Some(position) = &leak.position {
                text += &format!("file={},", property(&shown(position.file())));
                for (name, number) in [("line", position.line()), ("col", position.column())] {
                    text += &number.map_or_else(String::new, |number| format!("{name}={number},"));
                }
            }
            text += &format!("title=session leaked::{}\n", data(&describe(leak)));
        }
        text
    }

    /// A JUnit file: one failed test case per leak, or one that passed.
    pub(crate) fn junit(&self) -> String {
        let mut suite = TestSuite::new("leaks");
        let mut add = |name: &str, class: &str, status: TestCaseStatus| {
            let mut case = TestCase::new(name, status);
            case.set_classname(class);
            suite.add_test_case(case);
        };
        for fault in &self.faults {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type("check").set_message(fault.as_str());
            add("check", "sqlite-fixtures", status);
        }
        for leak in &self.leaks {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type(leak.kind.name()).set_message(describe(leak));
            add(leak.test.as_deref().unwrap_or("no test is known"), &leak.process, status);
        }
        if self.leaks.is_empty() && self.faults.is_empty() {
            add("no session leaked", "sqlite-fixtures", TestCaseStatus::success());
        }
        let mut report = Report::new("sqlite-fixtures");
        report.add_test_suite(suite);
        report.to_string().unwrap_or_else(|error| unreachable!("writing to a string cannot fail: {error}"))
    }
}

/// The opening of a file outside the folders of tests.
fn describe_file(opening: &Leak) -> String {
    let running: Vec<&str> = opening.running.iter().map(String::as_str).collect();
    format!(
        "{}: `{}`{}",
        place(opening),
        opening.database.as_deref().unwrap_or_default(),
        by_test(opening.test.as_deref(), &running)
    )
}

fn place(leak: &Leak) -> String {
    match (&leak.position, &leak.thread) {
        (Some(position), _) => position.to_string(),
        (None, Some(thread)) if leak.test.as_ref() != Some(thread) => format!("thread `{thread}`"),
        (None, _) => "at an unknown position".to_owned(),
    }
}

fn describe(leak: &Leak) -> String {
    let position = place(leak);
    let opened = match &leak.database {
        None => "session opened".to_owned(),
        Some(database) => format!("connection to `{database}` opened"),
    };
    let running: Vec<&str> = leak.running.iter().map(String::as_str).collect();
    let test = by_test(leak.test.as_deref(), &running);
    let end = match leak.kind {
        Kind::Open => "never closed",
        Kind::CloseRefused => "SQLite refused to close it",
        Kind::UncleanEnd => match &leak.aborted_by {
            Some(test) => &format!("open when test `{test}` aborted its process"),
            None => "open when its process was killed or aborted",
        },
    };
    let blockers = if leak.kind == Kind::CloseRefused || !leak.statements.is_empty() {
        format!(" {}", close_blockers(&leak.statements))
    } else {
        String::new()
    };
    format!("{position}: {opened}{test}, {end}{blockers}, in {}", leak.process)
}

/// A leak as JSON.
struct Object<'a> {
    leak: &'a Leak,
    with_process: bool,
    with_database: bool,
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { leak, with_process, with_database } = self;
        let mut object =
            serializer.serialize_struct("leak", 5 + usize::from(*with_process) + usize::from(*with_database))?;
        object.serialize_field("test", &leak.test)?;
        object.serialize_field("file", &leak.position.as_ref().map(|place| shown(place.file())))?;
        object.serialize_field("line", &leak.position.as_ref().and_then(Position::line))?;
        if *with_database {
            object.serialize_field("database", &leak.database)?;
        }
        object.serialize_field("kind", leak.kind.name())?;
        object.serialize_field("sql", &(!leak.statements.is_empty()).then(|| leak.statements.join("; ")))?;
        if *with_process {
            object.serialize_field("process", &leak.process)?;
        }
        object.end()
    }
}

/// The text of a [workflow command](https://docs.github.com/actions/reference/workflow-commands-for-github-actions).
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
