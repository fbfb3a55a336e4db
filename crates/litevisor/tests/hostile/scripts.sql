--: statements without end | ok,query_timeout
{{100000*SELECT 1;}}
--: statements that take parameters | request_invalid
{{1000*SELECT :a#;}}
--: statements that read our tables | ok,query_timeout
{{30000*SELECT id FROM devices;}}
--: an endless one that is not the last | query_timeout
WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c; SELECT 1
--: an error that is not the last | sql_error
SELECT 1; SELECT nothing; SELECT 2
--: an error that is not reached | query_timeout
WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c; SELECT nothing
--: a refusal in the midst | sql_not_allowed
SELECT 1; ATTACH '/etc/passwd' AS x; SELECT 2
--: a refusal in a comment | ok
SELECT 1 /* ; ATTACH '/etc/passwd' AS x; */
--: a refusal in a text | ok
SELECT '; ATTACH ''/etc/passwd'' AS x;' = '' AS x
--= [[0]]
--: a refusal behind a semicolon in a trigger | sql_not_allowed,sql_error
CREATE TRIGGER g AFTER INSERT ON alerts BEGIN SELECT load_extension('x'); END; INSERT INTO alerts(id) VALUES ('n')
--: a refusal in a view | sql_not_allowed
CREATE VIEW v AS SELECT load_extension('x') AS a; SELECT a FROM v
--: a refusal in a default | sql_not_allowed,sql_error
CREATE TABLE t(a, b DEFAULT (load_extension('x'))); INSERT INTO t(a) VALUES (1)
--: a transaction in a transaction | sql_error
BEGIN; BEGIN
--: transactions without end | ok,query_timeout
{{8000*BEGIN; INSERT INTO alerts(id) VALUES ('z#'); ROLLBACK;}}
--: commits without end | ok,query_timeout
{{8000*BEGIN; INSERT INTO alerts(id) VALUES ('z#'); COMMIT;}}
--: databases attached and detached | ok,query_timeout
{{10000*ATTACH ':memory:' AS a; DETACH a;}}
--: vacuums without end | ok,query_timeout
{{20000*VACUUM;}}
--: statistics without end | ok,query_timeout
{{20000*ANALYZE main;}}
--: indexes made anew without end | ok,query_timeout
{{20000*REINDEX devices;}}
--: looks at the schema without end | ok,query_timeout
{{20000*PRAGMA table_info(devices);}}
--: checks without end | ok,query_timeout
{{20000*PRAGMA integrity_check;}}
--: statistics of every schema | sql_not_allowed,ok
ANALYZE
--: indexes of every schema | sql_not_allowed,ok
REINDEX
--: names made and dropped | ok,query_timeout
{{10000*CREATE TABLE t(a); DROP TABLE t;}}
--: full-text searches made and dropped | ok,query_timeout
{{5000*CREATE VIRTUAL TABLE temp.f USING fts5(a); DROP TABLE f;}}
--: an EXPLAIN in place of what it explains | sql_not_allowed
EXPLAIN ATTACH '/etc/passwd' AS x
