//! Seed files in YAML 1.2.

mod scalar;

use super::scalar::Scalar;
use super::value::{Field, Node};
use crate::seed::error::SeedError;
use crate::seed::error::kind::SeedErrorKind;
use crate::seed::files::format::Format;
use crate::seed::files::text::{DEPTH, Source, Spanned, Spot};
use crate::seed::parse::bytes::decode_base64;
use saphyr_parser::{Event, Parser, ScanError, StrInput};
use scalar::scalar;
use std::{borrow::Cow, collections::HashMap};

/// The merge key.
const MERGE: &str = "<<";

/// How many values aliases may copy, so that a small file cannot become huge.
const COPIES: usize = 100_000;

/// Parses one document, with the place of every key and value; aliases are replaced by what their anchors mark.
pub(crate) fn parse(source: &Source) -> Result<Spanned<Node<'_>>, SeedError> {
    if let Some((at, language)) = template(source.text()) {
        return Err(SeedError::new(SeedErrorKind::TemplateLanguage { language }).at(source.place(Spot::offset(at))));
    }
    let parser = Parser::new_from_str(source.text());
    let mut reader = Reader { source, parser, at: Cursor::default(), anchors: HashMap::new(), copied: 0 };
    let document = loop {
        match reader.next()? {
            (Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _) => {}
            // Only comments, as Rails generates for a model without columns.
            (Event::StreamEnd, spot) => return Ok(Spanned::new(Node::Scalar(Scalar::Null), spot)),
            (event, spot) => break reader.node(event, spot, 0)?,
        }
    };
    loop {
        match reader.next()? {
            (Event::StreamEnd, _) => return Ok(document),
            (Event::DocumentStart(_), spot) => {
                return Err(reader.fault(SeedErrorKind::invalid("a seed file is one document"), spot));
            }
            _ => {}
        }
    }
}

/// Where a text has a tag of a template language, and which. Their programs run tags everywhere, also inside texts.
fn template(text: &str) -> Option<(usize, &'static str)> {
    const GO: &[&str] =
        &[".", "$", "block ", "define ", "else", "end", "if ", "now", "range ", "template ", "with ", "/*"];
    // A character is found faster than a text.
    let erb = text.match_indices('<').find(|(at, _)| text[*at..].starts_with("<%")).map(|(at, _)| (at, "ERB"));
    let go = text.match_indices('{').find_map(|(at, _)| {
        let action = text[at..].strip_prefix("{{")?.trim_start_matches('-').trim_start();
        GO.iter().any(|word| action.starts_with(word)).then_some((at, "a template of Go"))
    });
    erb.or(go)
}

struct Reader<'a> {
    source: &'a Source,
    parser: Parser<'a, StrInput<'a>>,
    at: Cursor,
    anchors: HashMap<usize, Spanned<Node<'a>>>,
    copied: usize,
}

/// How far a text is read, in bytes and in characters; the parser counts characters.
#[derive(Default)]
struct Cursor {
    bytes: usize,
    letters: usize,
}

impl Cursor {
    /// The byte at which a character begins; nearly always a later one than before.
    fn byte(&mut self, text: &str, letter: usize) -> usize {
        let bytes = text.as_bytes();
        let begins = |at: usize| bytes[at] & 0xc0 != 0x80;
        while self.letters > letter {
            self.bytes -= 1;
            self.letters -= usize::from(begins(self.bytes));
        }
        while self.bytes < bytes.len() && (self.letters < letter || !begins(self.bytes)) {
            self.letters += usize::from(begins(self.bytes));
            self.bytes += 1;
        }
        self.bytes
    }
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Spot), SeedError> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                let at = self.at.byte(self.source.text(), span.start.index());
                Ok((event, Spot::offset(at)))
            }
            Some(Err(error)) => Err(self.syntax(&error)),
            None => Ok((Event::StreamEnd, Spot::offset(self.source.text().len()))),
        }
    }

    fn syntax(&mut self, error: &ScanError) -> SeedError {
        let mut message = error.info().to_owned();
        if message == "invalid indentation" {
            message += ", as a line inside brackets has more than the key that they belong to";
        }
        let fault = SeedErrorKind::Syntax { format: Format::Yaml.name(), message };
        let at = self.at.byte(self.source.text(), error.marker().index());
        self.fault(fault, Spot::offset(at))
    }

    fn fault(&self, fault: SeedErrorKind, spot: Spot) -> SeedError {
        SeedError::new(fault).at(self.source.place(spot))
    }

    /// Borrows the scalar that was just read where the source has it literally; the parser copies it.
    fn borrowed(&self, text: Cow<'a, str>) -> Cow<'a, str> {
        let start = self.at.bytes;
        match self.source.text().get(start..start + text.len()) {
            Some(same) if *same == *text => Cow::Borrowed(same),
            _ => text,
        }
    }

    fn node(&mut self, event: Event<'a>, spot: Spot, depth: usize) -> Result<Spanned<Node<'a>>, SeedError> {
        if depth > DEPTH {
            return Err(self.fault(SeedErrorKind::TooDeep, spot));
        }
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let text = self.borrowed(text);
                let ours = tag.as_deref().filter(|tag| tag.handle == "!").map(|tag| tag.suffix.as_str());
                let node = match ours {
                    Some("sql") => Ok(Node::Sql(text)),
                    Some("file") => Ok(Node::File(text)),
                    // The form of Ruby.
                    Some("binary") => decode_base64(&text).map(|bytes| Node::Scalar(Scalar::Bytes(bytes.into()))),
                    Some(other) if !other.is_empty() => {
                        Err(SeedErrorKind::invalid("a tag is `!sql`, `!file`, `!binary` or one of YAML's own"))
                    }
                    _ => scalar(text, style, tag.as_deref()),
                };
                (node.map_err(|fault| self.fault(fault, spot))?, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        (event, spot) => items.push(self.node(event, spot, depth + 1)?),
                    }
                }
                (if tag.is_some_and(|tag| tag.suffix == "omap") { ordered(items) } else { Node::List(items) }, anchor)
            }
            Event::MappingStart(anchor, _) => {
                let mut fields = Vec::with_capacity(8);
                loop {
                    match self.next()? {
                        (Event::MappingEnd, _) => break,
                        (Event::Scalar(key, ..), spot) => {
                            let key = Spanned::new(self.borrowed(key), spot);
                            let (event, spot) = self.next()?;
                            fields.push((key, self.node(event, spot, depth + 1)?));
                        }
                        (_, spot) if self.source.is_behind("{", spot) => {
                            return Err(
                                self.fault(SeedErrorKind::TemplateLanguage { language: "a template of Go" }, spot)
                            );
                        }
                        (_, spot) => return Err(self.fault(SeedErrorKind::invalid("a key is a text"), spot)),
                    }
                }
                (Node::Map(merged(fields)), anchor)
            }
            Event::Alias(anchor) => return self.alias(anchor, spot),
            _ => {
                let fault =
                    SeedErrorKind::Syntax { format: Format::Yaml.name(), message: "a value is missing".to_owned() };
                return Err(self.fault(fault, spot));
            }
        };
        let node = Spanned::new(node, spot);
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: usize, spot: Spot) -> Result<Spanned<Node<'a>>, SeedError> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err(self.fault(SeedErrorKind::invalid("an alias stands after its anchor, not inside it"), spot));
        };
        self.copied += weight(&node.value);
        if self.copied > COPIES {
            return Err(self.fault(SeedErrorKind::invalid("aliases copy at most 100,000 values"), spot));
        }
        Ok(node)
    }
}

/// The map that an ordered list of its fields stands for: [`!!omap`](https://yaml.org/type/omap.html).
fn ordered(items: Vec<Spanned<Node<'_>>>) -> Node<'_> {
    let is_field = |item: &Spanned<Node<'_>>| matches!(&item.value, Node::Map(fields) if fields.len() == 1);
    if !items.iter().all(is_field) {
        return Node::List(items);
    }
    let fields = items.into_iter().flat_map(|item| match item.value {
        Node::Map(fields) => fields,
        _ => Vec::new(),
    });
    Node::Map(fields.collect())
}

/// The fields of a map, and those of its [merge key](https://yaml.org/type/merge.html) `<<` that it does not have itself.
fn merged(fields: Vec<Field<'_>>) -> Vec<Field<'_>> {
    if !fields.iter().any(|(name, _)| name.value == MERGE) {
        return fields;
    }
    let (merges, mut fields): (Vec<_>, Vec<_>) = fields.into_iter().partition(|(name, value)| {
        let is_map = |node: &Node<'_>| matches!(node, Node::Map(_));
        name.value == MERGE
            && match &value.value {
                Node::List(items) => items.iter().all(|item| is_map(&item.value)),
                other => is_map(other),
            }
    });
    let maps = merges.into_iter().flat_map(|(_, value)| match value.value {
        Node::List(items) => items,
        _ => vec![value],
    });
    for map in maps {
        let Node::Map(brought) = map.value else { continue };
        for field in brought {
            if !fields.iter().any(|(name, _)| name.value == field.0.value) {
                fields.push(field);
            }
        }
    }
    fields
}

/// How many values a node holds; a long text counts as several.
fn weight(node: &Node<'_>) -> usize {
    const LONG: usize = 256;
    1 + match node {
        Node::Scalar(Scalar::Text(text)) | Node::Plain(text, _) | Node::Sql(text) | Node::File(text) => {
            text.len() / LONG
        }
        Node::Scalar(Scalar::Bytes(bytes)) => bytes.len() / LONG,
        Node::Scalar(_) | Node::Label { .. } => 0,
        Node::List(items) => items.iter().map(|item| weight(&item.value)).sum(),
        Node::Map(fields) => fields.iter().map(|(_, value)| weight(&value.value)).sum(),
    }
}
