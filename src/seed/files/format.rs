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
    #[cfg_attr(
        all(feature = "csv", feature = "json", feature = "toml", feature = "yaml"),
        expect(clippy::unnecessary_wraps, reason = "every format is read")
    )]
    pub(crate) fn is_read(self) -> Result<(), SeedErrorKind> {
        match self {
            #[cfg(not(feature = "csv"))]
            Self::Csv => Err(SeedErrorKind::MissingFeature { what: "a CSV file", feature: "csv" }),
            #[cfg(not(feature = "csv"))]
            Self::Tsv => Err(SeedErrorKind::MissingFeature { what: "a TSV file", feature: "csv" }),
            #[cfg(not(feature = "json"))]
            Self::Json => Err(SeedErrorKind::MissingFeature { what: "a JSON file", feature: "json" }),
            #[cfg(not(feature = "json"))]
            Self::JsonLines => Err(SeedErrorKind::MissingFeature { what: "a JSON Lines file", feature: "json" }),
            #[cfg(not(feature = "toml"))]
            Self::Toml => Err(SeedErrorKind::MissingFeature { what: "a TOML file", feature: "toml" }),
            #[cfg(not(feature = "yaml"))]
            Self::Yaml => Err(SeedErrorKind::MissingFeature { what: "a YAML file", feature: "yaml" }),
            _ => Ok(()),
        }
    }
}
