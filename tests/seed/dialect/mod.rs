//! What the files of other tools mean.

#[cfg(feature = "csv")]
mod dbunit;
#[cfg(feature = "json")]
mod django;
#[cfg(feature = "yaml")]
mod rails;
#[cfg(feature = "yaml")]
mod testfixtures;
