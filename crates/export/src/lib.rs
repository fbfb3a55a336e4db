//! Result formats: json, ndjson, csv.
