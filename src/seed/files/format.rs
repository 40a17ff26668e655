//! The formats of seed files.

use crate::seed::error::kind::Fault;
use std::fmt;

/// A format of seed files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Sql,
    Csv,
    Tsv,
    Json,
    JsonLines,
    Toml,
    Yaml,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sql => "SQL",
            Self::Csv => "CSV",
            Self::Tsv => "TSV",
            Self::Json => "JSON",
            Self::JsonLines => "JSON Lines",
            Self::Toml => "TOML",
            Self::Yaml => "YAML",
        })
    }
}

impl Format {
    /// Refuses a format that this build does not read.
    #[cfg_attr(
        all(feature = "csv", feature = "json", feature = "toml", feature = "yaml"),
        expect(clippy::unnecessary_wraps, reason = "every format is read")
    )]
    pub(crate) fn is_read(self) -> Result<(), Fault> {
        match self {
            #[cfg(not(feature = "csv"))]
            Self::Csv => Err(Fault::Feature { what: "a CSV file", feature: "csv" }),
            #[cfg(not(feature = "csv"))]
            Self::Tsv => Err(Fault::Feature { what: "a TSV file", feature: "csv" }),
            #[cfg(not(feature = "json"))]
            Self::Json => Err(Fault::Feature { what: "a JSON file", feature: "json" }),
            #[cfg(not(feature = "json"))]
            Self::JsonLines => Err(Fault::Feature { what: "a JSON Lines file", feature: "json" }),
            #[cfg(not(feature = "toml"))]
            Self::Toml => Err(Fault::Feature { what: "a TOML file", feature: "toml" }),
            #[cfg(not(feature = "yaml"))]
            Self::Yaml => Err(Fault::Feature { what: "a YAML file", feature: "yaml" }),
            _ => Ok(()),
        }
    }
}
