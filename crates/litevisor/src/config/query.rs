//! `[query]`: bounds of one query.

use model::limits;

use super::process::Wanted;
use super::reader::Reader;
use super::value::{Bytes, Interval};

/// `[query]`.
#[derive(Clone, Debug)]
pub struct QueryConfig {
    /// Queue and execution together; a request may only lower it.
    pub timeout: Interval,
    /// CPU time of one run.
    pub cpu_time_max: Interval,
    /// SQLite's heap of one query.
    pub heap_bytes_max: Bytes,
    /// Temp files and private scratch of one query.
    pub temp_bytes_max: Bytes,
    /// What one tenant's queries hold together.
    pub tenant_bytes_max: Bytes,
    /// A row's values together.
    pub row_bytes_max: Bytes,
    /// A whole result, encoded.
    pub result_bytes_max: Bytes,
    /// The rows of a whole result.
    pub result_rows_max: usize,
    /// The text of a request's SQL.
    pub sql_bytes_max: Bytes,
    /// Whether threads that run SQL have a seccomp(2) filter, which refuses them files, sockets and
    /// processes.
    pub seccomp: Wanted,
}

impl QueryConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        const S: &str = "query";
        QueryConfig {
            timeout: reader.take(
                S,
                "timeout",
                Interval::seconds(limits::QUERY_TIMEOUT_DEFAULT_SECONDS),
            ),
            cpu_time_max: reader.take(
                S,
                "cpu_time_max",
                Interval::seconds(limits::QUERY_CPU_DEFAULT_SECONDS),
            ),
            heap_bytes_max: reader.take(
                S,
                "heap_bytes_max",
                Bytes(limits::QUERY_HEAP_DEFAULT_BYTES),
            ),
            temp_bytes_max: reader.take(
                S,
                "temp_bytes_max",
                Bytes(limits::QUERY_TEMP_DEFAULT_BYTES),
            ),
            tenant_bytes_max: reader.take(
                S,
                "tenant_bytes_max",
                Bytes(limits::TENANT_QUERIES_DEFAULT_BYTES),
            ),
            row_bytes_max: reader.take(S, "row_bytes_max", Bytes(limits::ROW_BYTES_DEFAULT)),
            result_bytes_max: reader.take(
                S,
                "result_bytes_max",
                Bytes(limits::RESULT_DEFAULT_BYTES),
            ),
            result_rows_max: reader.take(S, "result_rows_max", limits::RESULT_ROWS_DEFAULT),
            sql_bytes_max: reader.take(S, "sql_bytes_max", Bytes(limits::SQL_DEFAULT_BYTES)),
            seccomp: reader.take(S, "seccomp", Wanted::Auto),
        }
    }
}
