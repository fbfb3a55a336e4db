//! The table of what a tenant's SQL may do: every name that SQLite may ask about, allowed or refused,
//! with the reason. What is not in it is refused, and a test fails while SQLite knows more.

use super::Kind::{Action, Function, Module, Pragma};
use super::Verdict::{Allowed, Name, Number, Read, Refused, Switch};
use super::{Kind, Rule, Verdict};

const fn rule(kind: Kind, verdict: Verdict, names: &'static str, why: &'static str) -> Rule {
    Rule { kind, verdict, names, why }
}

/// Names are in lower case, parted by spaces.
pub(super) const RULES: &[Rule] = &[
    // --- actions: https://www.sqlite.org/c3ref/c_alter_table.html ---------------------------------
    rule(Action, Allowed, "select read recursive", "reading"),
    rule(Action, Allowed, "insert update delete", "writing, to a private scratch"),
    rule(
        Action,
        Allowed,
        "create_index create_table create_temp_index create_temp_table create_temp_trigger \
         create_temp_view create_trigger create_view drop_index drop_table drop_temp_index \
         drop_temp_table drop_temp_trigger drop_temp_view drop_trigger drop_view alter_table \
         reindex analyze drop_vtable",
        "changing the schema, in a private scratch",
    ),
    rule(Action, Allowed, "transaction savepoint", "within the request"),
    rule(Action, Allowed, "function", "those allowed below"),
    rule(Action, Allowed, "pragma", "those allowed below"),
    rule(Action, Allowed, "create_vtable", "of the modules allowed below"),
    rule(Action, Allowed, "attach", "':memory:' and '' only, both empty, private and in memory"),
    rule(Action, Allowed, "detach", "what the request attached itself"),
    rule(Action, Refused, "copy", "SQLite has no such statement any more"),
    // --- functions --------------------------------------------------------------------------------
    rule(
        Function,
        Allowed,
        "abs char coalesce concat concat_ws format glob hex if ifnull iif instr length like \
         likelihood likely lower ltrim max min nullif octet_length printf quote replace round rtrim \
         sign soundex substr substring subtype trim typeof unhex unicode unistr unistr_quote \
         unlikely upper zeroblob",
        "values of their arguments",
    ),
    rule(
        Function,
        Allowed,
        "acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log \
         log10 log2 mod pi pow power radians sin sinh sqrt tan tanh trunc",
        "mathematics",
    ),
    rule(
        Function,
        Allowed,
        "current_date current_time current_timestamp date datetime julianday strftime time timediff \
         unixepoch",
        "dates; the zone of the process is UTC",
    ),
    rule(
        Function,
        Allowed,
        "avg count cume_dist dense_rank first_value group_concat lag last_value lead median \
         nth_value ntile percent_rank percentile percentile_cont percentile_disc rank row_number \
         string_agg sum total",
        "aggregates and windows",
    ),
    rule(
        Function,
        Allowed,
        "-> ->> json json_array json_array_insert json_array_length json_error_position \
         json_extract json_group_array json_group_object json_insert json_object json_patch \
         json_pretty json_quote json_remove json_replace json_set json_type json_valid jsonb \
         jsonb_array jsonb_array_insert jsonb_extract jsonb_group_array jsonb_group_object \
         jsonb_insert jsonb_object jsonb_patch jsonb_remove jsonb_replace jsonb_set",
        "JSON",
    ),
    rule(
        Function,
        Allowed,
        "bm25 fts5_get_locale fts5_insttoken fts5_locale highlight match snippet",
        "full-text search with fts5",
    ),
    rule(Function, Allowed, "regexp to_zone", "this service's own"),
    rule(Function, Allowed, "random randomblob", "random values"),
    rule(
        Function,
        Allowed,
        "changes last_insert_rowid total_changes",
        "what the request changed itself",
    ),
    rule(
        Function,
        Allowed,
        "fts5_source_id sqlite_compileoption_get sqlite_compileoption_used sqlite_source_id \
         sqlite_version",
        "which SQLite it is",
    ),
    rule(
        Function,
        Allowed,
        "sqlite_add_constraint sqlite_drop_column sqlite_drop_constraint sqlite_fail \
         sqlite_find_constraint sqlite_rename_column sqlite_rename_quotefix sqlite_rename_table \
         sqlite_rename_test",
        "SQLite calls them itself in ALTER TABLE; a statement cannot",
    ),
    rule(Function, Refused, "load_extension", "it names a file of foreign code"),
    rule(Function, Refused, "fts3_tokenizer fts5", "they deal in pointers to code"),
    rule(Function, Refused, "matchinfo offsets optimize", "they belong to fts3; use fts5"),
    rule(
        Function,
        Refused,
        "rtreecheck rtreedepth rtreenode",
        "they look into rtree's own storage",
    ),
    rule(Function, Refused, "sqlite_filestat sqlite_walstat", "they tell of files"),
    rule(Function, Refused, "sqlite_log", "it writes to the service's log"),
    rule(Function, Refused, "sqlite_offset", "it tells where a row is stored"),
    // --- PRAGMAs ----------------------------------------------------------------------------------
    rule(
        Pragma,
        Name,
        "foreign_key_check foreign_key_list index_info index_list index_xinfo integrity_check \
         quick_check table_info table_list table_xinfo",
        "look at the schema and check it",
    ),
    rule(
        Pragma,
        Read,
        "collation_list compile_options data_version database_list freelist_count function_list \
         module_list page_count pragma_list",
        "tell what is there",
    ),
    rule(
        Pragma,
        Switch,
        "automatic_index case_sensitive_like cell_size_check defer_foreign_keys foreign_keys \
         ignore_check_constraints legacy_alter_table query_only read_uncommitted recursive_triggers \
         reverse_unordered_selects",
        "hold for the request only",
    ),
    rule(
        Pragma,
        Number,
        "analysis_limit application_id incremental_vacuum optimize user_version",
        "hold for the request only",
    ),
    rule(Pragma, Read, "shrink_memory", "gives memory back"),
    rule(
        Pragma,
        Read,
        "journal_mode journal_size_limit",
        "the journal is this service's own business: a scratch without one could not be rolled back",
    ),
    rule(
        Pragma,
        Read,
        "locking_mode",
        "a scratch is private as it is; no other connection could see it",
    ),
    rule(Pragma, Read, "mmap_size", "there is no file that could be mapped"),
    rule(Pragma, Read, "temp_store", "temp tables are kept in accounted memory as it is"),
    rule(
        Pragma,
        Read,
        "checkpoint_fullfsync fullfsync secure_delete synchronous",
        "nothing is ever written to disk",
    ),
    rule(
        Pragma,
        Read,
        "auto_vacuum encoding page_size",
        "the image is made already, and a scratch is a change to it",
    ),
    rule(
        Pragma,
        Read,
        "schema_version writable_schema",
        "change the schema with CREATE, ALTER and DROP",
    ),
    rule(
        Pragma,
        Read,
        "cache_size cache_spill hard_heap_limit max_page_count soft_heap_limit",
        "memory is bounded per request",
    ),
    rule(Pragma, Read, "threads", "a request runs on one thread"),
    rule(Pragma, Read, "trusted_schema", "functions with side effects stay out of views"),
    rule(Pragma, Read, "wal_autocheckpoint", "there is no write-ahead log"),
    rule(Pragma, Read, "busy_timeout", "nobody waits for a lock here"),
    rule(Pragma, Refused, "wal_checkpoint", "there is no write-ahead log"),
    rule(
        Pragma,
        Refused,
        "data_store_directory lock_proxy_file temp_store_directory",
        "they name files, and nothing is ever written to disk",
    ),
    rule(
        Pragma,
        Refused,
        "activate_extensions lock_status parser_trace sql_trace stats vdbe_addoptrace vdbe_debug \
         vdbe_eqp vdbe_listing vdbe_trace",
        "they are for those who debug SQLite",
    ),
    rule(
        Pragma,
        Refused,
        "count_changes default_cache_size empty_result_callbacks full_column_names \
         short_column_names",
        "SQLite deprecates them, and they are not compiled in",
    ),
    // --- modules of virtual tables ----------------------------------------------------------------
    rule(Module, Allowed, "fts5 fts5vocab", "full-text search, kept in the scratch"),
    rule(Module, Allowed, "rtree rtree_i32", "ranges in several dimensions, kept in the scratch"),
    rule(Module, Allowed, "json_each json_tree jsonb_each jsonb_tree", "JSON as rows"),
    rule(Module, Allowed, "generate_series", "counting"),
    rule(Module, Refused, "fts3 fts3tokenize fts4 fts4aux", "fts5 is there in their place"),
    rule(Module, Refused, "dbstat sqlite_dbpage sqlite_stmt", "they look below tables and rows"),
];
