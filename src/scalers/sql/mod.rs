//! Triggers that ask databases.

pub(super) mod cassandra;
pub(super) mod clickhouse;
pub(super) mod mongodb;
pub(super) mod mssql;
pub(super) mod mysql;
mod number;
mod percent;
pub(super) mod postgresql;
mod tls;
