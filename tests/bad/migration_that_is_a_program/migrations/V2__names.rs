// Fills the names.
