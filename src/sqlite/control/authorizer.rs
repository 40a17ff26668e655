//! Which actions of a statement are authorized ([`sqlite3_set_authorizer`](https://sqlite.org/c3ref/set_authorizer.html)).

use rusqlite::{Connection, ffi};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::rc::Rc;

/// What a statement would do, as SQLite asks while it prepares it; the arguments depend on the
/// [action](https://sqlite.org/c3ref/c_alter_table.html).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    pub action: c_int,
    pub first: Option<&'a str>,
    pub second: Option<&'a str>,
    /// The name of the schema: `main`, `temp`, or that of an attached database.
    pub schema: Option<&'a str>,
}

/// Whether an action is authorized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Allow,
    /// The statement fails.
    Deny,
    /// The statement succeeds without the action.
    Ignore,
}

/// Decides about actions.
pub(crate) trait Policy {
    fn answer(&self, request: Request<'_>) -> Answer;
}

/// While it lives, a policy answers for each action of the statements that a connection prepares. It replaces the connection's
/// own authorizer, if there is one.
#[derive(Debug)]
pub(crate) struct Authorizer<'c, P> {
    connection: &'c Connection,
    /// SQLite has its address.
    policy: Rc<P>,
}

impl<'c, P: Policy> Authorizer<'c, P> {
    pub(crate) fn install(connection: &'c Connection, policy: P) -> Self {
        let policy = Rc::new(policy);
        // SAFETY: the handle is open, since a connection holds it; the policy lives until the authorizer is removed, and only
        // this thread uses the connection, since it is not `Sync`.
        unsafe {
            let policy = Rc::as_ptr(&policy).cast_mut().cast();
            ffi::sqlite3_set_authorizer(connection.handle(), Some(authorize::<P>), policy);
        }
        Self { connection, policy }
    }
}

impl<P> Drop for Authorizer<'_, P> {
    fn drop(&mut self) {
        // SAFETY: the handle is open, since a connection holds it. After this SQLite does not use the policy any more.
        unsafe { ffi::sqlite3_set_authorizer(self.connection.handle(), None, ptr::null_mut()) };
    }
}

impl<P> std::ops::Deref for Authorizer<'_, P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.policy
    }
}

unsafe extern "C" fn authorize<P: Policy>(
    policy: *mut c_void,
    action: c_int,
    first: *const c_char,
    second: *const c_char,
    schema: *const c_char,
    _: *const c_char,
) -> c_int {
    // SAFETY: it is the policy of an `Authorizer` that lives, and the texts are NULL or C strings that outlive the call.
    let (policy, [first, second, schema]) = unsafe {
        let text = |text: *const c_char| (!text.is_null()).then(|| CStr::from_ptr(text).to_str().unwrap_or("\u{fffd}"));
        (&*policy.cast::<P>(), [text(first), text(second), text(schema)])
    };
    match policy.answer(Request { action, first, second, schema }) {
        Answer::Allow => ffi::SQLITE_OK,
        Answer::Deny => ffi::SQLITE_DENY,
        Answer::Ignore => ffi::SQLITE_IGNORE,
    }
}

#[cfg(test)]
#[path = "../../../tests/unit/sqlite_authorizer.rs"]
mod tests;
