//! Seed files in CSV (RFC 4180) and TSV: a header of column names, then rows.

use super::scalar::Scalar;
use super::value::{LABEL, Node, Row};
use crate::seed::error::SeedError;
use crate::seed::error::kind::SeedErrorKind;
use crate::seed::files::format::Format;
use crate::seed::files::text::{Source, Spanned, Spot};

use ::csv::{ByteRecord, ErrorKind, ReaderBuilder};
use std::borrow::Cow;

/// Parses the rows. An empty field is NULL and a quoted empty field an empty text, as in `COPY` of PostgreSQL; the others are
/// texts, which the affinity of their column turns into numbers.
pub(crate) fn parse(source: &Source, format: Format, separator: u8) -> Result<Vec<Row<'_>>, SeedError> {
    let text = source.text();
    let mut reader = ReaderBuilder::new().delimiter(separator).has_headers(false).from_reader(text.as_bytes());
    let syntax = |message: &str, at| {
        let fault = SeedErrorKind::Syntax { format: format.name(), message: message.to_owned() };
        SeedError::new(fault).at(source.place(Spot::offset(at)))
    };
    let mut record = ByteRecord::new();
    let mut header: Vec<Spanned<Cow<'_, str>>> = Vec::new();
    let mut rows = Vec::new();
    let mut raw = Vec::new();
    loop {
        let start = offset(reader.position().byte());
        let more = reader.read_byte_record(&mut record).map_err(|error| uneven(source, format, &error))?;
        if !more {
            return Ok(rows);
        }
        let end = offset(reader.position().byte());
        fields(&text[..end.min(text.len())], start, separator, &mut raw)
            .map_err(|at| syntax("a quoted field is not closed", at))?;
        if raw.len() != record.len() {
            return Err(syntax("a quoted field goes on after its closing quote", start));
        }
        let fields = record.iter().zip(&raw).map(|(field, raw)| (raw.decode(text, field), Spot::offset(raw.start)));
        if header.is_empty() {
            header = fields.map(|(name, spot)| Spanned::new(name.unwrap_or_default(), spot)).collect();
            // A name of a column that has one is in quotes.
            let is_other = separator == b',' && header.len() == 1 && !text[start..].starts_with('"');
            if let Some(at) = header[0].value.find(';').filter(|_| is_other) {
                return Err(syntax("the fields are separated by semicolons; save the file with commas", start + at));
            }
            reject_duplicate_columns(source, &header)?;
        } else {
            rows.push(row(source, &header, fields));
        }
    }
}

/// Rejects a header that names a column twice.
pub(crate) fn reject_duplicate_columns(source: &Source, header: &[Spanned<Cow<'_, str>>]) -> Result<(), SeedError> {
    for (number, name) in header.iter().enumerate() {
        if let Some(first) = header[..number].iter().find(|first| first.value.eq_ignore_ascii_case(&name.value)) {
            let fault = SeedErrorKind::DuplicateColumn { first: source.position(first.spot) };
            return Err(SeedError::new(fault).at(source.place(name.spot)).in_column(&*name.value));
        }
    }
    Ok(())
}

/// A row of fields under a header.
pub(crate) fn row<'s>(
    source: &'s Source,
    header: &[Spanned<Cow<'s, str>>],
    given: impl Iterator<Item = (Option<Cow<'s, str>>, Spot)>,
) -> Row<'s> {
    let mut label = None;
    let mut fields = Vec::with_capacity(header.len());
    let mut start = None;
    for (name, (text, spot)) in header.iter().zip(given) {
        start.get_or_insert(spot);
        if name.value == LABEL {
            label = text.map(|text| Spanned::new(text, spot));
            continue;
        }
        let value = Node::Scalar(text.map_or(Scalar::Null, Scalar::Text));
        fields.push((name.clone(), Spanned::new(value, spot)));
    }
    Row { source, label, fields, spot: start.unwrap_or(Spot::START), is_django: false }
}

/// Where a field starts and ends, and whether it is quoted, which the `csv` crate does not report.
struct Raw {
    start: usize,
    end: usize,
    quoted: bool,
}

impl Raw {
    /// The text of a field; `None` for an empty one, and for the NULL of DbUnit.
    fn decode<'s>(&self, text: &'s str, field: &[u8]) -> Option<Cow<'s, str>> {
        let raw = &text[self.start..self.end];
        let is_null = !self.quoted && (raw.is_empty() || raw == "[null]");
        let is_raw = || raw.as_bytes() == field || raw.as_bytes().get(1..raw.len() - 1) == Some(field);
        let text = || match (is_raw(), self.quoted) {
            (true, true) => Cow::Borrowed(&raw[1..raw.len() - 1]),
            (true, false) => Cow::Borrowed(raw),
            _ => Cow::Owned(String::from_utf8_lossy(field).into_owned()),
        };
        (!is_null).then(text)
    }
}

/// The fields of the record in `text[start..]`; or the start of a quoted field that is never closed, which the `csv` crate
/// accepts.
fn fields(text: &str, start: usize, separator: u8, fields: &mut Vec<Raw>) -> Result<(), usize> {
    let bytes = text.as_bytes();
    // Empty lines are not records.
    let mut at = start + bytes[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    fields.clear();
    loop {
        let first = at;
        let quoted = bytes.get(at) == Some(&b'"');
        let mut inside = false;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' if quoted => inside = !inside,
                byte if !inside && (*byte == separator || matches!(byte, b'\r' | b'\n')) => break,
                _ => {}
            }
            at += 1;
        }
        if inside {
            return Err(first);
        }
        fields.push(Raw { start: first, end: at, quoted });
        if bytes.get(at) != Some(&separator) {
            return Ok(());
        }
        at += 1;
    }
}

fn uneven(source: &Source, format: Format, error: &::csv::Error) -> SeedError {
    let at = error.position().map_or(0, |position| offset(position.byte()));
    let message = match error.kind() {
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the row has {len} fields, the header {expected_len}")
        }
        _ => error.to_string(),
    };
    let start = source.text()[at.min(source.text().len())..].bytes();
    let at = at + start.take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    SeedError::new(SeedErrorKind::Syntax { format: format.name(), message }).at(source.place(Spot::offset(at)))
}

fn offset(byte: u64) -> usize {
    usize::try_from(byte).unwrap_or(usize::MAX)
}
