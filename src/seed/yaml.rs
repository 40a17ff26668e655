//! Seed files in YAML 1.2.

use super::{
    Fault, Format, SeedError,
    node::Node,
    source::{Source, Spanned, Spot, number},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rusqlite::types::Value;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, StrInput, Tag};
use std::collections::HashMap;

/// How deep values may be nested; deeper than any row that a person wrote.
const DEPTH: usize = 64;

/// How many values aliases may copy, so that a small file cannot become a huge one.
const COPIES: usize = 100_000;

/// Reads one document, with the place of every key and value; anchors and aliases are followed.
pub(super) fn parse(source: &Source) -> Result<Spanned<Node>, SeedError> {
    if let Some((at, language)) = template(source.text()) {
        return Err(SeedError::new(Fault::TemplateLanguage(language)).at(source.place(Spot::Offset(at))));
    }
    let parser = Parser::new_from_str(source.text());
    let mut reader = Reader { source, parser, anchors: HashMap::new(), copied: 0 };
    let document = loop {
        match reader.next()? {
            (Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _) => {}
            (Event::StreamEnd, mark) => return Err(reader.fault(Fault::Empty, mark)),
            (event, mark) => break reader.node(event, mark, 0)?,
        }
    };
    loop {
        match reader.next()? {
            (Event::StreamEnd, _) => return Ok(document),
            (Event::DocumentStart(_), mark) => {
                return Err(reader.fault(Fault::Value("a seed file is one document"), mark));
            }
            _ => {}
        }
    }
}

/// Where a text is a template that another program would run first, and in which language. They are run wherever they stand,
/// also in texts, so that half of such a file would mean something else.
fn template(text: &str) -> Option<(usize, &'static str)> {
    const GO: &[&str] =
        &[".", "$", "block ", "define ", "else", "end", "if ", "now", "range ", "template ", "with ", "/*"];
    let erb = text.find("<%").map(|at| (at, "ERB"));
    let go = text.match_indices("{{").find_map(|(at, _)| {
        let action = text[at + 2..].trim_start_matches('-').trim_start();
        GO.iter().any(|word| action.starts_with(word)).then_some((at, "a template of Go"))
    });
    erb.or(go)
}

struct Reader<'a> {
    source: &'a Source,
    parser: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Spanned<Node>>,
    copied: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Marker), SeedError> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, span.start)),
            Some(Err(error)) => Err(self.syntax(&error)),
            None => Ok((Event::StreamEnd, Marker::default())),
        }
    }

    fn syntax(&self, error: &ScanError) -> SeedError {
        let fault = Fault::Syntax { format: Format::Yaml, message: error.info().to_owned() };
        self.fault(fault, *error.marker())
    }

    fn fault(&self, fault: Fault, mark: Marker) -> SeedError {
        SeedError::new(fault).at(self.source.place(spot(mark)))
    }

    fn node(&mut self, event: Event<'a>, mark: Marker, depth: usize) -> Result<Spanned<Node>, SeedError> {
        if depth > DEPTH {
            return Err(self.fault(Fault::Value("values are nested at most 64 deep"), mark));
        }
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                if tag.as_deref().is_some_and(|tag| tag.handle == "!" && tag.suffix == "sql") {
                    (Node::Sql(text.into_owned()), anchor)
                } else {
                    let value = scalar(&text, style, tag.as_deref()).map_err(|fault| self.fault(fault, mark))?;
                    (Node::Value(value), anchor)
                }
            }
            Event::SequenceStart(anchor, _) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        (event, mark) => items.push(self.node(event, mark, depth + 1)?),
                    }
                }
                (Node::List(items), anchor)
            }
            Event::MappingStart(anchor, _) => {
                let mut fields = Vec::new();
                loop {
                    match self.next()? {
                        (Event::MappingEnd, _) => break,
                        (Event::Scalar(key, ..), mark) => {
                            let (event, at) = self.next()?;
                            let value = self.node(event, at, depth + 1)?;
                            fields.push((Spanned::new(key.into_owned(), spot(mark)), value));
                        }
                        (_, mark) => return Err(self.fault(Fault::Value("a key is a plain text"), mark)),
                    }
                }
                (Node::Map(merged(fields)), anchor)
            }
            Event::Alias(anchor) => return self.alias(anchor, mark),
            _ => {
                let fault = Fault::Syntax { format: Format::Yaml, message: "a value is missing".to_owned() };
                return Err(self.fault(fault, mark));
            }
        };
        let node = Spanned::new(node, spot(mark));
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: usize, mark: Marker) -> Result<Spanned<Node>, SeedError> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err(self.fault(Fault::Value("an alias stands after its anchor, not inside it"), mark));
        };
        self.copied += weight(&node.value);
        if self.copied > COPIES {
            return Err(self.fault(Fault::Value("aliases copy at most 100,000 values"), mark));
        }
        Ok(node)
    }
}

/// The fields of a map with those that its [merge key](https://yaml.org/type/merge.html) `<<` brings, where it has none of
/// that name itself.
fn merged(fields: Vec<(Spanned<String>, Spanned<Node>)>) -> Vec<(Spanned<String>, Spanned<Node>)> {
    let (merges, mut fields): (Vec<_>, Vec<_>) = fields.into_iter().partition(|(name, value)| {
        let is_map = |node: &Node| matches!(node, Node::Map(_));
        name.value == "<<"
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

/// How many values a node holds.
fn weight(node: &Node) -> usize {
    1 + match node {
        Node::Value(_) | Node::Sql(_) => 0,
        Node::List(items) => items.iter().map(|item| weight(&item.value)).sum(),
        Node::Map(fields) => fields.iter().map(|(_, value)| weight(&value.value)).sum(),
    }
}

fn spot(mark: Marker) -> Spot {
    Spot::Place(number(mark.line()), number(mark.col() + 1))
}

/// What a scalar means, by the [core schema](https://yaml.org/spec/1.2.2/#103-core-schema) and its tag.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, Fault> {
    match tag.filter(|tag| tag.is_yaml_core_schema()).map(|tag| tag.suffix.as_str()) {
        Some("str") => Ok(Value::Text(text.to_owned())),
        Some("binary") => base64(text).map(Value::Blob),
        None if style != ScalarStyle::Plain => Ok(Value::Text(text.to_owned())),
        _ => plain(text),
    }
}

fn plain(text: &str) -> Result<Value, Fault> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Integer(1),
        "false" | "False" | "FALSE" => Value::Integer(0),
        ".inf" | ".Inf" | ".INF" | "+.inf" => Value::Real(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Value::Real(f64::NEG_INFINITY),
        _ => {
            let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
            let based = |prefix, radix| {
                text.strip_prefix(prefix)
                    .filter(|digits| !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix)))
                    .map(|digits| i64::from_str_radix(digits, radix))
            };
            // Longer ones are bytes.
            if text.len() > "0x7fffffffffffffff".len() && text.starts_with("0x") {
                return Ok(Value::Text(text.to_owned()));
            }
            let integer = if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
                Some(text.parse())
            } else {
                based("0x", 16).or_else(|| based("0o", 8))
            };
            match integer {
                Some(integer) => Value::Integer(
                    integer.map_err(|_| Fault::Value("an integer has at most 64 bits; quote it to keep it as text"))?,
                ),
                None => match text.parse() {
                    Ok(real) if is_float(digits) => Value::Real(real),
                    _ => Value::Text(text.to_owned()),
                },
            }
        }
    })
}

/// Whether unsigned digits are a float: `1.5`, `.5`, `1e3`, not `inf` or a version like `1.2.3`.
fn is_float(digits: &str) -> bool {
    digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
}

/// The bytes of a `!!binary` scalar, white space passed over.
fn base64(text: &str) -> Result<Vec<u8>, Fault> {
    let text: String = text.split_ascii_whitespace().collect();
    STANDARD.decode(text).map_err(|_| Fault::Value("`!!binary` is base64 with its padding"))
}

#[cfg(test)]
mod tests {
    use super::{base64, plain};
    use rusqlite::types::Value;

    #[test]
    fn a_plain_scalar_means_what_the_core_schema_says() {
        let value = |text| plain(text).unwrap();
        for null in ["", "~", "null"] {
            assert_eq!(value(null), Value::Null);
        }
        assert_eq!(value("true"), Value::Integer(1));
        assert_eq!(value("-42"), Value::Integer(-42));
        assert_eq!(value("0x1F"), Value::Integer(31));
        assert_eq!(value("0o17"), Value::Integer(15));
        assert_eq!(value("1.5e3"), Value::Real(1500.0));
        assert_eq!(value(".inf"), Value::Real(f64::INFINITY));
        for text in ["yes", "no", "1.2.3", "2026-11-24", "inf", "nan", "0x", "1_000", "e", "-"] {
            assert_eq!(value(text), Value::Text(text.into()));
        }
        assert!(plain("9223372036854775808").is_err());
    }

    #[test]
    fn base64_is_read_with_its_padding_or_not_at_all() {
        assert_eq!(base64("aGVsbG8=").unwrap(), b"hello");
        assert_eq!(base64("aGVs\n bG8h").unwrap(), b"hello!");
        for wrong in ["aGVsbG8", "aGVsbG8*", "a===", "=aGV"] {
            assert!(base64(wrong).is_err(), "{wrong}");
        }
    }
}
