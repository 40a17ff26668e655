//! The formats of seed files.

use crate::seed::error::kind::SeedErrorKind;

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

impl Format {
    #[cfg(any(feature = "csv", feature = "json", feature = "toml", feature = "yaml"))]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sql => "SQL",
            Self::Csv => "CSV",
            Self::Tsv => "TSV",
            Self::Json => "JSON",
            Self::JsonLines => "JSON Lines",
            Self::Toml => "TOML",
            Self::Yaml => "YAML",
        }
    }

    /// Rejects a format that this build cannot read.
    pub(crate) fn is_read(self) -> Result<(), SeedErrorKind> {
        let (is_read, what, feature) = match self {
            Self::Sql => return Ok(()),
            Self::Csv => (cfg!(feature = "csv"), "a CSV file", "csv"),
            Self::Tsv => (cfg!(feature = "csv"), "a TSV file", "csv"),
            Self::Json => (cfg!(feature = "json"), "a JSON file", "json"),
            Self::JsonLines => (cfg!(feature = "json"), "a JSON Lines file", "json"),
            Self::Toml => (cfg!(feature = "toml"), "a TOML file", "toml"),
            Self::Yaml => (cfg!(feature = "yaml"), "a YAML file", "yaml"),
        };
        if is_read { Ok(()) } else { Err(SeedErrorKind::MissingFeature { what, feature }) }
    }
}
