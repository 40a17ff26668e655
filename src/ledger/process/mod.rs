//! The beginning and the end of the process: [`start`] runs when the program is loaded, [`exit`] when it ends and its threads
//! [`quiesce`].

pub(crate) mod exit;
pub(in crate::ledger) mod quiesce;
pub(crate) mod start;
