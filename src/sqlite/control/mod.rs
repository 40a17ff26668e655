//! What a connection may do and how it behaves: [`authorizer`] allows actions, [`limits`] bounds the work, [`switches`] are the options of
//! the handle, [`random`] makes random numbers repeatable.

mod authorizer;
mod limits;
mod random;
mod switches;

pub(crate) use authorizer::{Answer, Authorizer, Policy, Request};
pub(crate) use limits::{Exceeded, ExecutionLimiter, ExecutionLimits, limit};
pub(crate) use random::fixed_random;
pub(crate) use switches::{Switch, Switched, set_pragma, switch};
