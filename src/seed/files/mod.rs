//! Which files a seed folder holds, their texts, and what places in them are.

pub(crate) mod folder;
pub(crate) mod format;
pub(crate) mod migrations;
pub(crate) mod sidecar;
pub(crate) mod text;
