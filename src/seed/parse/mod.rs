//! Texts and Rust values become [values](value) and rows, before any table is known. One file a format.

pub(crate) mod bytes;
#[cfg(feature = "csv")]
pub(crate) mod csv;
#[cfg(feature = "json")]
pub(crate) mod json;
#[cfg_attr(not(feature = "yaml"), expect(dead_code, reason = "only YAML has them"))]
pub(crate) mod plain;
pub(crate) mod scalar;
pub(crate) mod serde;
#[cfg(feature = "toml")]
pub(crate) mod toml;
pub(crate) mod value;
#[cfg(feature = "yaml")]
pub(crate) mod yaml;
