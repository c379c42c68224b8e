//! Triggers with a protocol of their own.

pub(super) mod beanstalkd;
