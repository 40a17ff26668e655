//! CSV as [DbUnit](https://www.dbunit.org/apidocs/org/dbunit/dataset/csv/CsvProducer.html) has it, in a folder with a
//! `table-ordering.txt`: spaces around a field do not count, `null` is NULL and an empty field an empty text, and a backslash
//! stands before a quote inside quotes.

use crate::seed::error::SeedError;
use crate::seed::error::kind::SeedErrorKind;
use crate::seed::files::format::Format;
use crate::seed::files::text::{Source, Spanned, Spot};
use crate::seed::parse::csv::{reject_duplicate_columns, row};
use crate::seed::parse::value::Row;
use std::borrow::Cow;

/// The text of a field, `None` for NULL, and where it starts.
type Field<'s> = (Option<Cow<'s, str>>, Spot);

/// Reads the rows.
pub(crate) fn parse(source: &Source) -> Result<Vec<Row<'_>>, SeedError> {
    let text = source.text();
    let syntax = |message: String, at| {
        SeedError::new(SeedErrorKind::Syntax { format: Format::Csv.name(), message }).at(source.place(Spot::offset(at)))
    };
    let mut header: Vec<Spanned<Cow<'_, str>>> = Vec::new();
    let mut rows = Vec::new();
    let mut at = 0;
    loop {
        at += text[at..].find(|letter: char| !letter.is_whitespace()).unwrap_or(text.len() - at);
        if at == text.len() {
            return Ok(rows);
        }
        let start = at;
        let record = record(text, &mut at).map_err(|(message, at)| syntax(message.to_owned(), at))?;
        if header.is_empty() {
            header = record.into_iter().map(|(name, spot)| Spanned::new(name.unwrap_or_default(), spot)).collect();
            reject_duplicate_columns(source, &header)?;
        } else if record.len() == header.len() {
            rows.push(row(source, &header, record.into_iter()));
        } else {
            return Err(syntax(format!("the row has {} fields, the header {}", record.len(), header.len()), start));
        }
    }
}

/// The fields up to the end of the line.
fn record<'s>(text: &'s str, at: &mut usize) -> Result<Vec<Field<'s>>, (&'static str, usize)> {
    let mut fields = Vec::new();
    loop {
        *at += spaces(&text[*at..]);
        let start = *at;
        let field = if text[start..].starts_with('"') {
            let field = quoted(&text[start + 1..]).ok_or(("a quoted field is not closed", start))?;
            *at += field.1 + 1;
            *at += spaces(&text[*at..]);
            Some(field.0).filter(|text| text != "null")
        } else {
            let end = text[start..].find([',', '\n', '\r']).map_or(text.len(), |end| start + end);
            *at = end;
            Some(text[start..end].trim()).filter(|text| !["null", "[null]"].contains(text)).map(Cow::Borrowed)
        };
        fields.push((field, Spot::offset(start)));
        let rest = &text[*at..];
        *at += usize::from(!rest.is_empty());
        match rest.as_bytes().first() {
            Some(b',') => {}
            None | Some(b'\n' | b'\r') => return Ok(fields),
            Some(_) => return Err(("a quoted field goes on after its closing quote", start)),
        }
    }
}

/// What stands up to the closing quote, and how long it is with that quote.
fn quoted(text: &str) -> Option<(Cow<'_, str>, usize)> {
    let mut value = String::new();
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => {
                let escaped = letters.next_if(|(_, next)| matches!(next, '"' | '\\'));
                value.push(escaped.map_or(letter, |(_, escaped)| escaped));
            }
            '"' if letters.next_if(|(_, next)| *next == '"').is_some() => value.push('"'),
            '"' => return Some((value.into(), at + 1)),
            _ => value.push(letter),
        }
    }
    None
}

/// How many spaces there are at the start, but for ends of lines.
fn spaces(text: &str) -> usize {
    text.find(|letter: char| !matches!(letter, ' ' | '\t')).unwrap_or(text.len())
}
