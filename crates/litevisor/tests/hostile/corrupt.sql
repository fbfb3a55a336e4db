--: no journal | sql_not_allowed
PRAGMA journal_mode = OFF
--: a journal in memory | sql_not_allowed
PRAGMA main.journal_mode = MEMORY
--: a write-ahead log | sql_not_allowed
PRAGMA journal_mode(WAL)
--: a schema to write | sql_not_allowed
PRAGMA writable_schema = ON
--: a schema to write, in another case | sql_not_allowed
pRaGmA MAIN . WRITABLE_SCHEMA ( 1 )
--: a schema to reset | sql_not_allowed
PRAGMA writable_schema = RESET
--: a PRAGMA behind EXPLAIN | sql_not_allowed
EXPLAIN PRAGMA writable_schema = ON
--: a PRAGMA as a table | sql_error,sql_not_allowed
SELECT * FROM pragma_writable_schema(1)
--: a journal as a table | sql_error,sql_not_allowed
SELECT * FROM pragma_journal_mode('off')
--: the schema, changed | sql_error,sql_not_allowed
UPDATE sqlite_schema SET sql = 'CREATE TABLE devices(x)'
--: the schema, by its old name | sql_error,sql_not_allowed
UPDATE sqlite_master SET rootpage = 2
--: the schema, added to | sql_error,sql_not_allowed
INSERT INTO sqlite_schema VALUES ('table', 'x', 'x', 1, 'CREATE TABLE x(a)')
--: the schema, emptied | sql_error,sql_not_allowed
DELETE FROM sqlite_schema
--: the schema, dropped | sql_error,sql_not_allowed
DROP TABLE sqlite_schema
--: the temp schema, changed | sql_error,sql_not_allowed
CREATE TEMP TABLE t(a); UPDATE sqlite_temp_schema SET rootpage = 1
--: the schema, with a trigger | sql_error,sql_not_allowed
CREATE TRIGGER g AFTER INSERT ON sqlite_schema BEGIN SELECT 1; END
--: the schema, with an index | sql_error,sql_not_allowed
CREATE INDEX i ON sqlite_schema(name)
--: the schema, renamed | sql_error,sql_not_allowed
ALTER TABLE sqlite_schema RENAME TO mine
--: the schema's number | sql_not_allowed
PRAGMA schema_version = 77
--: the last number | sql_error,ok
CREATE TABLE t(a INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO t VALUES (1); UPDATE sqlite_sequence SET seq = 9223372036854775807; INSERT INTO t VALUES (NULL)
--: the last number, as a text | sql_error,ok
CREATE TABLE t(a INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO t VALUES (1); UPDATE sqlite_sequence SET seq = 'x', name = NULL; INSERT INTO t VALUES (NULL); SELECT a FROM t
--: the numbers, dropped | sql_error,sql_not_allowed
CREATE TABLE t(a INTEGER PRIMARY KEY AUTOINCREMENT); DROP TABLE sqlite_sequence
--: the last row's number | ok,sql_error
CREATE TABLE t(a); INSERT INTO t(rowid) VALUES (9223372036854775807); {{10*INSERT INTO t VALUES (#);}} SELECT count(*) FROM t
--: statistics that lie | ok,sql_error
ANALYZE main; UPDATE sqlite_stat1 SET stat = '1 1 1 1 1 1 1 1'; ANALYZE sqlite_schema; SELECT count(*) FROM devices a JOIN devices b USING (id)
--: statistics that are none | ok,sql_error
ANALYZE main; DELETE FROM sqlite_stat1; INSERT INTO sqlite_stat1 VALUES ('devices', NULL, x'ff00'), ('devices', 'sqlite_autoindex_devices_1', '-1 99999999999999999999 unordered sz=-5 noskipscan'), (NULL, NULL, NULL), (1, 2, 3); ANALYZE sqlite_schema; SELECT count(*) FROM devices
--= [[200]]
--: samples that are none | ok,sql_error
CREATE TABLE t(a); CREATE INDEX i ON t(a); INSERT INTO t SELECT value % 100 FROM generate_series(1, 3000); ANALYZE main; UPDATE sqlite_stat4 SET sample = x'ffffffffffffffffffffff', neq = 'x', nlt = '9999999999999999999999'; ANALYZE sqlite_schema; SELECT count(*) FROM t WHERE a = 5
--: samples that are too long | ok,sql_error,result_too_large,query_memory_exceeded
CREATE TABLE t(a); CREATE INDEX i ON t(a); INSERT INTO t SELECT value % 100 FROM generate_series(1, 3000); ANALYZE main; UPDATE sqlite_stat4 SET sample = zeroblob(20000000); ANALYZE sqlite_schema; SELECT count(*) FROM t WHERE a = 5
--: statistics, dropped | ok
ANALYZE main; DROP TABLE sqlite_stat1; SELECT count(*) FROM devices
--= [[200]]
--: words' storage, changed | sql_error,sql_not_allowed
CREATE VIRTUAL TABLE f USING fts5(a); INSERT INTO f VALUES ('a b c'); UPDATE f_data SET block = x'00'; SELECT count(*) FROM f('a')
--: words' storage, added to | sql_error,sql_not_allowed
CREATE VIRTUAL TABLE f USING fts5(a); INSERT INTO f_data VALUES (99, x'ffffffff')
--: words' storage, dropped | sql_error,sql_not_allowed
CREATE VIRTUAL TABLE f USING fts5(a); DROP TABLE f_content; SELECT * FROM f
--: words' storage, made beforehand | sql_error,sql_not_allowed
CREATE TABLE f_data(id INTEGER PRIMARY KEY, block BLOB); INSERT INTO f_data VALUES (1, x'ffffffffffffffff'), (10, x'ffffffffffffffff'); CREATE VIRTUAL TABLE f USING fts5(a); SELECT * FROM f('a')
--: words' storage, renamed into place | sql_error,sql_not_allowed
CREATE TABLE t(id INTEGER PRIMARY KEY, block BLOB); CREATE VIRTUAL TABLE f USING fts5(a); DROP TABLE f_data; ALTER TABLE t RENAME TO f_data; SELECT * FROM f('a')
--: words' settings | sql_error,sql_not_allowed
CREATE VIRTUAL TABLE f USING fts5(a); UPDATE f_config SET v = 999
--: words' page size | sql_error,ok
CREATE VIRTUAL TABLE f USING fts5(a); INSERT INTO f(f, rank) VALUES ('pgsz', 1); INSERT INTO f VALUES ('a b c'); SELECT count(*) FROM f('a')
--: words' rank by what is none | sql_error
CREATE VIRTUAL TABLE f USING fts5(a); INSERT INTO f VALUES ('a'); INSERT INTO f(f, rank) VALUES ('rank', 'evil(1)'); SELECT * FROM f('a') ORDER BY rank
--: words deleted that were never there | ok,sql_error
CREATE VIRTUAL TABLE f USING fts5(a, content=''); INSERT INTO f(rowid, a) VALUES (1, 'a b c'); INSERT INTO f(f, rowid, a) VALUES ('delete', 1, 'x y z'); INSERT INTO f(f, rowid, a) VALUES ('delete', 7, 'a b c'); SELECT count(*) FROM f('a'); INSERT INTO f(f) VALUES ('integrity-check')
--: words of a table that changed beneath | ok,sql_error
CREATE VIRTUAL TABLE f USING fts5(serial, content=devices, content_rowid=pages); INSERT INTO f(f) VALUES ('rebuild'); DELETE FROM devices; SELECT count(*), max(serial) FROM f('S1')
--: words merged without end | ok,sql_error,query_timeout
CREATE VIRTUAL TABLE f USING fts5(a); INSERT INTO f SELECT hex(randomblob(20)) FROM generate_series(1, 300); INSERT INTO f(f, rank) VALUES ('automerge', 16); INSERT INTO f(f, rank) VALUES ('merge', -2147483648); INSERT INTO f(f) VALUES ('optimize')
--: boxes' storage, changed | sql_error,sql_not_allowed
CREATE VIRTUAL TABLE r USING rtree(id, a, b); INSERT INTO r VALUES (1, 0, 1); UPDATE r_node SET data = x'ffffffff'; SELECT * FROM r
--: boxes' storage, emptied | sql_error,sql_not_allowed
CREATE VIRTUAL TABLE r USING rtree(id, a, b); INSERT INTO r VALUES (1, 0, 1); DELETE FROM r_node; DELETE FROM r_rowid; SELECT * FROM r WHERE a >= 0
--: boxes' inside, looked into | sql_not_allowed
SELECT rtreenode(2, x'ffffffffffffffffffffffff')
--: pages of another size | sql_not_allowed
PRAGMA page_size = 512; VACUUM
--: another encoding | sql_not_allowed
PRAGMA encoding = 'UTF-16'
--: another vacuum | sql_not_allowed
PRAGMA auto_vacuum = 1; VACUUM
--: checks left out | ok
PRAGMA ignore_check_constraints = 1; CREATE TABLE t(a CHECK (a > 0) NOT NULL); INSERT INTO t VALUES (-1); PRAGMA integrity_check
--: functions that are trusted | sql_not_allowed
PRAGMA trusted_schema = 1
--: texts that are none | ok
UPDATE devices SET serial = CAST(x'ff00fe' AS TEXT), city = CAST(x'edb080' AS TEXT); SELECT count(*), max(length(serial)) FROM devices
--: numbers that are texts | ok
UPDATE devices SET pages = 'not a number', price = x'00'; SELECT sum(pages), avg(price) FROM devices
--: a rollback of nothing | sql_error
ROLLBACK
--: a rollback of everything | ok
BEGIN; DELETE FROM devices; DROP TABLE alerts; ROLLBACK; SELECT count(*) FROM devices
--: a transaction that stays open | ok
BEGIN IMMEDIATE; DELETE FROM devices; SELECT count(*) FROM devices
--= [[0]]
--: a statement that fails halfway | sql_error
UPDATE devices SET id = 'same'
--: a statement that rolls all back | sql_error
BEGIN; DELETE FROM alerts; UPDATE OR ROLLBACK devices SET id = 'same'
--: a shared table, emptied | sql_not_allowed
DELETE FROM cities
--: a shared table, changed | sql_not_allowed
UPDATE shared.cities SET country = 'XX'
--: a shared table, dropped | sql_not_allowed
DROP TABLE shared.cities
--: a shared table, renamed | sql_not_allowed,sql_error
ALTER TABLE shared.cities RENAME TO mine
--: a shared schema, added to | sql_not_allowed,sql_error
CREATE TABLE shared.mine(a)
--: a shared schema, indexed | sql_not_allowed,sql_error
CREATE INDEX shared.i ON cities(country)
--: a shared schema, detached | sql_not_allowed,sql_error
DETACH shared
--: a shared schema, attached over | sql_error
ATTACH ':memory:' AS shared
--: a shared schema, vacuumed | sql_not_allowed,sql_error,ok
VACUUM shared
--: a shared schema, analysed | sql_not_allowed,sql_error,ok
ANALYZE shared
--: a shared schema, indexed anew | sql_not_allowed,sql_error,ok
REINDEX shared.cities
--: a shared schema's header | sql_not_allowed,sql_error,ok
PRAGMA shared.user_version = 77
--: a shared schema's own table | sql_not_allowed,sql_error
UPDATE shared.sqlite_schema SET sql = ''
--: a shared schema, locked | ok,sql_error,sql_not_allowed
PRAGMA shared.locking_mode = EXCLUSIVE
