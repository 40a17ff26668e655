//! Seed files in CSV (RFC 4180), and the same with tabs between the fields: a header of column names, then rows.

use super::{
    Fault, Format, SeedError,
    node::{LABEL, Node, Row},
    source::{Source, Spanned, Spot},
};
use ::csv::{ByteRecord, ErrorKind, ReaderBuilder};
use rusqlite::types::Value;
use std::sync::Arc;

/// Reads the rows. An empty field is NULL, a quoted empty field is an empty text, as `COPY` of PostgreSQL has it; all
/// others are texts, which the affinity of their column turns into numbers.
pub(super) fn parse(source: &Arc<Source>, format: Format, separator: u8) -> Result<Vec<Row>, SeedError> {
    let text = source.text();
    let mut reader = ReaderBuilder::new().delimiter(separator).has_headers(false).from_reader(text.as_bytes());
    let syntax = |message: &str, at| {
        let fault = Fault::Syntax { format, message: message.to_owned() };
        SeedError::new(fault).at(source.place(Spot::Offset(at)))
    };
    let mut record = ByteRecord::new();
    let mut header: Vec<Spanned<String>> = Vec::new();
    let mut rows = Vec::new();
    loop {
        let start = offset(reader.position().byte());
        let more = reader.read_byte_record(&mut record).map_err(|error| uneven(source, format, &error))?;
        if !more {
            return Ok(rows);
        }
        let end = offset(reader.position().byte());
        let fields = fields(&text[..end.min(text.len())], start, separator)
            .map_err(|at| syntax("a quoted field is not closed", at))?;
        if fields.len() != record.len() {
            return Err(syntax("a quoted field goes on after its closing quote", start));
        }
        let fields: Vec<_> = record.iter().zip(fields).map(|(field, raw)| raw.decode(field)).collect();
        if header.is_empty() {
            header = fields.into_iter().map(|(name, spot)| Spanned::new(name.unwrap_or_default(), spot)).collect();
            twice(source, &header)?;
            continue;
        }
        rows.push(row(source, &header, fields));
    }
}

/// Refuses a header that names a column twice.
fn twice(source: &Source, header: &[Spanned<String>]) -> Result<(), SeedError> {
    for (number, name) in header.iter().enumerate() {
        if let Some(first) = header[..number].iter().find(|first| first.value.eq_ignore_ascii_case(&name.value)) {
            let fault = Fault::DuplicateColumn { first: source.position(first.spot) };
            return Err(SeedError::new(fault).at(source.place(name.spot)).column_is(&*name.value));
        }
    }
    Ok(())
}

fn row(source: &Arc<Source>, header: &[Spanned<String>], fields: Vec<(Option<String>, Spot)>) -> Row {
    let spot = fields.first().map_or(Spot::Offset(0), |(_, spot)| *spot);
    let mut label = None;
    let mut values = Vec::with_capacity(fields.len());
    for (name, (text, spot)) in header.iter().zip(fields) {
        if name.value == LABEL {
            label = text.map(|text| Spanned::new(text, spot));
            continue;
        }
        let value = Node::Value(text.map_or(Value::Null, Value::Text));
        values.push((name.clone(), Spanned::new(value, spot)));
    }
    Row { source: Arc::clone(source), label, fields: Spanned::new(values, spot) }
}

/// Where a field starts, and whether it is quoted, which the reader does not say.
struct Raw {
    start: usize,
    quoted: bool,
}

impl Raw {
    fn decode(&self, field: &[u8]) -> (Option<String>, Spot) {
        let text = String::from_utf8_lossy(field).into_owned();
        // An empty field, or what DbUnit writes for NULL.
        let text = (self.quoted || !(text.is_empty() || text == "[null]")).then_some(text);
        (text, Spot::Offset(self.start))
    }
}

/// The fields of the record in `text[start..]`; or the start of one that is quoted and never closed, which the reader
/// lets pass.
fn fields(text: &str, start: usize, separator: u8) -> Result<Vec<Raw>, usize> {
    let bytes = text.as_bytes();
    // Empty lines before a record are no records.
    let mut at = start + bytes[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let mut fields = Vec::new();
    loop {
        let first = at;
        let quoted = bytes.get(at) == Some(&b'"');
        fields.push(Raw { start: at, quoted });
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
        if bytes.get(at) != Some(&separator) {
            return Ok(fields);
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
    SeedError::new(Fault::Syntax { format, message }).at(source.place(Spot::Offset(at)))
}

fn offset(byte: u64) -> usize {
    usize::try_from(byte).unwrap_or(usize::MAX)
}
