//! What a whole run has leaked, in the forms that people, CI servers and programs read.

use crate::{
    ledger::{
        close_blockers,
        journal::leak::{Kind, Leak},
    },
    position::{Position, counted},
};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde_core::{Serialize, Serializer, ser::SerializeStruct};
use std::collections::BTreeMap;

/// What the journals of a run say together.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub processes: usize,
    pub opened: u64,
    /// Those that no baseline knows.
    pub leaks: Vec<Leak>,
    /// How many a baseline knows.
    pub known: usize,
    /// Why the check cannot be relied on.
    pub faults: Vec<String>,
}

impl Verdict {
    /// Whether the check could be made.
    pub(crate) fn is_sure(&self) -> bool {
        self.faults.is_empty()
    }

    /// For people: a line a leak, then what to do.
    pub(crate) fn human(&self) -> String {
        let mut text = String::new();
        for fault in &self.faults {
            text += &format!("sqlite-fixtures: the check could not be made: {fault}\n");
        }
        let known = if self.known > 0 { format!(", {} known", self.known) } else { String::new() };
        let processes = counted(self.processes, "process", "processes");
        let opened = usize::try_from(self.opened).unwrap_or(usize::MAX);
        let of = format!("of {opened} opened in {processes}{known}");
        if self.leaks.is_empty() {
            if self.is_sure() {
                text += &format!("sqlite-fixtures: no session leaked, {of}\n");
            }
            return text;
        }
        let leaked = counted(self.leaks.len(), "session", "sessions");
        text += &format!("sqlite-fixtures: {leaked} leaked, {of}:\n");
        for leak in &self.leaks {
            text += &format!("  {}\n", line(leak));
        }
        text + "close each session before its test ends; what keeps one open is named where it is known\n"
    }

    /// For programs: `{"leaks": [...]}`, with null where something is not known.
    pub(crate) fn json(&self) -> String {
        let leaks: Vec<Object> = self.leaks.iter().map(Object).collect();
        let text = serde_json::to_string_pretty(&BTreeMap::from([("leaks", leaks)]));
        text.unwrap_or_else(|error| unreachable!("it has names for keys: {error}")) + "\n"
    }

    /// Annotations for the files of a pull request on GitHub.
    pub(crate) fn github(&self) -> String {
        let mut text = String::new();
        for fault in &self.faults {
            text += &format!("::error title=sqlite-fixtures::{}\n", data(fault));
        }
        for leak in &self.leaks {
            let place = leak.position.as_ref().map_or_else(String::new, |place| {
                let file = property(&place.file().display().to_string());
                let line = place.line().map_or_else(String::new, |line| format!("line={line},"));
                let column = place.column().map_or_else(String::new, |column| format!("col={column},"));
                format!("file={file},{line}{column}")
            });
            text += &format!("::error {place}title=session leaked::{}\n", data(&line(leak)));
        }
        text
    }

    /// A file for CI servers, in JUnit's form: a test case a leak, or one that has passed.
    pub(crate) fn junit(&self) -> String {
        let mut suite = TestSuite::new("leaks");
        let failed = |name: &str, class: &str, kind, of: &str, message: String| {
            let mut status = TestCaseStatus::non_success(kind);
            status.set_type(of).set_message(message);
            let mut case = TestCase::new(name, status);
            case.set_classname(class);
            case
        };
        for fault in &self.faults {
            suite.add_test_case(failed("check", "sqlite-fixtures", NonSuccessKind::Error, "check", fault.clone()));
        }
        for leak in &self.leaks {
            let test = leak.test.as_deref().unwrap_or("no test is known");
            suite.add_test_case(failed(test, &leak.process, NonSuccessKind::Failure, leak.kind.name(), line(leak)));
        }
        if self.leaks.is_empty() && self.is_sure() {
            let mut case = TestCase::new("no session leaked", TestCaseStatus::success());
            case.set_classname("sqlite-fixtures");
            suite.add_test_case(case);
        }
        let mut report = Report::new("sqlite-fixtures");
        report.add_test_suite(suite);
        report.to_string().unwrap_or_else(|error| unreachable!("it is written into memory: {error}"))
    }
}

/// One leak, in words.
fn line(leak: &Leak) -> String {
    let mut words = match (&leak.position, &leak.thread) {
        (Some(place), _) => format!("{place}: "),
        (None, Some(thread)) if leak.test.as_ref() != Some(thread) => format!("thread `{thread}`: "),
        (None, _) => "at a place that is not known: ".to_owned(),
    };
    words += &match &leak.database {
        None => "session opened".to_owned(),
        Some(database) => format!("connection to `{database}` opened"),
    };
    words += &match &leak.test {
        Some(test) => format!(" by test `{test}`"),
        None if leak.running.is_empty() => " where no test is known".to_owned(),
        None => {
            format!(" while {} ran", leak.running.iter().map(|test| format!("`{test}`")).collect::<Vec<_>>().join(", "))
        }
    };
    words += match leak.kind {
        Kind::Open => ", never closed",
        Kind::CloseRefused => ", SQLite refused to close it",
        Kind::UncleanEnd => ", open when its process was killed or aborted",
    };
    if leak.kind == Kind::CloseRefused || !leak.statements.is_empty() {
        words += &format!(" {}", close_blockers(&leak.statements));
    }
    words + &format!(", in {}", leak.process)
}

/// One leak, for programs.
struct Object<'a>(&'a Leak);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(leak) = self;
        let mut object = serializer.serialize_struct("leak", 6)?;
        object.serialize_field("test", &leak.test)?;
        object.serialize_field("file", &leak.position.as_ref().map(|place| place.file().to_string_lossy()))?;
        object.serialize_field("line", &leak.position.as_ref().and_then(Position::line))?;
        object.serialize_field("kind", leak.kind.name())?;
        object.serialize_field("sql", &(!leak.statements.is_empty()).then(|| leak.statements.join("; ")))?;
        object.serialize_field("process", &leak.process)?;
        object.end()
    }
}

/// The text of a [workflow command](https://docs.github.com/actions/reference/workflow-commands-for-github-actions).
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of one of its properties.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
