--: a trigger that fires itself | sql_error
PRAGMA recursive_triggers = 1; CREATE TRIGGER g AFTER INSERT ON alerts BEGIN INSERT INTO alerts(id) VALUES (NEW.id || 'x'); END; INSERT INTO alerts(id) VALUES ('n')
--: two triggers that fire one another | sql_error
CREATE TABLE a(x); CREATE TABLE b(x); CREATE TRIGGER ta AFTER INSERT ON a BEGIN INSERT INTO b VALUES (1); END; CREATE TRIGGER tb AFTER INSERT ON b BEGIN INSERT INTO a VALUES (1); END; PRAGMA recursive_triggers = 1; INSERT INTO a VALUES (1)
--: triggers that double at every level | query_timeout,query_memory_exceeded
{{30*CREATE TABLE t#(x); }}CREATE TABLE z(x); CREATE TRIGGER g AFTER INSERT ON z BEGIN INSERT INTO t0 VALUES (1); INSERT INTO t0 VALUES (1); END; {{9*CREATE TRIGGER g# AFTER INSERT ON t# BEGIN INSERT INTO t1# VALUES (1),(2),(3),(4),(5),(6),(7),(8),(9); INSERT INTO t1# SELECT value FROM generate_series(1, 100); END; CREATE TRIGGER h# AFTER INSERT ON t1# BEGIN INSERT INTO t2# SELECT value FROM generate_series(1, 1000); END; }} INSERT INTO z SELECT value FROM generate_series(1, 1000)
--: a trigger that deletes what fires it | ok,sql_error
CREATE TRIGGER g BEFORE UPDATE ON devices BEGIN DELETE FROM devices; END; UPDATE devices SET price = 1; SELECT count(*) FROM devices
--: a trigger in place of a view | sql_error,query_timeout
CREATE VIEW v AS SELECT id FROM devices; CREATE TRIGGER g INSTEAD OF INSERT ON v BEGIN INSERT INTO v VALUES (NEW.id || 'x'); END; PRAGMA recursive_triggers = 1; INSERT INTO v VALUES ('a')
--: a view of itself | sql_error
CREATE VIEW v AS SELECT * FROM v; SELECT * FROM v
--: views that go round | sql_error
CREATE VIEW a AS SELECT * FROM b; CREATE VIEW b AS SELECT * FROM c; CREATE VIEW c AS SELECT * FROM a; SELECT * FROM a
--: views upon views | ok,sql_error,query_timeout,query_memory_exceeded
CREATE VIEW v0 AS SELECT id FROM devices; CREATE VIEW w AS {{400*SELECT id FROM (}}SELECT id FROM v0{{400*)}}; SELECT count(*) FROM w
--: a recursion of CTEs in a view | query_timeout
CREATE VIEW v AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c; SELECT max(x) FROM v
--: a column for everything | sql_error
CREATE TABLE t({{2001*c#,}}z)
--: as many columns as can be | ok,query_timeout
CREATE TABLE t({{1999*c#,}}z); INSERT INTO t(z) VALUES (1); SELECT z FROM t
--= [[1]]
--: columns added one by one | ok,query_timeout | deadline=500
{{1000*ALTER TABLE devices ADD COLUMN c# TEXT;}}
--: columns added beyond all bounds | sql_error,query_timeout | deadline=500
{{3000*ALTER TABLE alerts ADD COLUMN c#;}}
--: names that change | ok,query_timeout | deadline=500
{{500*ALTER TABLE devices RENAME TO d#; ALTER TABLE d# RENAME TO devices;}}
--: names of columns that change under many views | ok,query_timeout,query_memory_exceeded | deadline=500
{{300*CREATE VIEW v# AS SELECT id, serial, city FROM devices WHERE id > '#'; }}{{100*ALTER TABLE devices RENAME COLUMN city TO c#; ALTER TABLE devices RENAME COLUMN c# TO city;}}
--: columns that go | ok,query_timeout,sql_error | deadline=500
CREATE TABLE t(k{{500*, c#}}); INSERT INTO t(k) SELECT value FROM generate_series(1, 2000); {{500*ALTER TABLE t DROP COLUMN c#;}}
--: old ways to rename | ok,sql_error
PRAGMA legacy_alter_table = 1; CREATE VIEW v AS SELECT * FROM devices; ALTER TABLE devices RENAME TO gone; SELECT count(*) FROM v
--: our table once more | sql_error
CREATE TABLE devices(x)
--: our table in temp | ok
CREATE TEMP TABLE devices(x); SELECT count(*) FROM devices
--= [[0]]
--: our table without its rows | ok
DELETE FROM devices; SELECT count(*) FROM devices
--= [[0]]
--: our table gone | sql_error
DROP TABLE devices; SELECT count(*) FROM devices
--: our table gone, and a view in its place | ok
DROP TABLE devices; CREATE VIEW devices AS SELECT 'mine' AS id; SELECT id FROM devices
--= [["mine"]]
--: a shared table's name | ok,sql_error,sql_not_allowed
CREATE TABLE cities(x); SELECT count(*) FROM main.cities
--: a name that SQLite keeps | sql_error
CREATE TABLE sqlite_mine(x)
--: a name that SQLite keeps, by renaming | sql_error
ALTER TABLE devices RENAME TO sqlite_devices
--: a name that is empty | ok
CREATE TABLE ""(""); SELECT count(*) FROM ""
--: a default that is too long | result_too_large,sql_error
CREATE TABLE t(a, b DEFAULT (zeroblob(2000000000))); INSERT INTO t(a) VALUES (1)
--: a check that takes long | query_timeout
CREATE TABLE t(a CHECK ({{20*length(hex(zeroblob(100000))) + }}a > 0)); INSERT INTO t SELECT value FROM generate_series(1, 1000000)
--: a generated column that takes long | query_timeout
CREATE TABLE t(a, b AS (hex(zeroblob(a * 0 + 100000)))); INSERT INTO t SELECT value FROM generate_series(1, 5000); SELECT sum(length(b)) FROM t a, t
--: a generated column of itself | sql_error
CREATE TABLE t(a, b AS (c), c AS (b)); SELECT * FROM t
--: generated columns that double | query_timeout,query_memory_exceeded,sql_error,result_too_large
CREATE TABLE t(a{{9*, b# AS (a || a || #)}}, c0 AS (b0 || b1 || b2 || b3 || b4 || b5 || b6 || b7 || b8), c1 AS (c0 || c0 || c0 || c0 || c0 || c0 || c0 || c0), c2 AS (c1 || c1 || c1 || c1 || c1 || c1 || c1 || c1), c3 AS (c2 || c2 || c2 || c2 || c2 || c2 || c2 || c2), c4 AS (c3 || c3 || c3 || c3 || c3 || c3 || c3 || c3), c5 AS (c4 || c4 || c4 || c4 || c4 || c4 || c4 || c4), c6 AS (c5 || c5 || c5 || c5 || c5 || c5 || c5 || c5), c7 AS (c6 || c6 || c6 || c6 || c6 || c6 || c6 || c6)); INSERT INTO t(a) VALUES ('0123456789'); SELECT length(c7) FROM t
--: an index on what is random | sql_error
CREATE INDEX i ON devices(random())
--: an index on what takes long | query_timeout,ok
CREATE TABLE t AS SELECT value AS a FROM generate_series(1, 100000); CREATE INDEX i ON t(length(hex(zeroblob(a * 0 + 100000))))
--: a partial index that takes long | query_timeout,ok
CREATE TABLE t AS SELECT value AS a FROM generate_series(1, 100000); CREATE INDEX i ON t(a) WHERE length(hex(zeroblob(a * 0 + 100000))) > 0
--: keys that follow keys | ok,query_timeout,sql_error
PRAGMA foreign_keys = 1; CREATE TABLE t(a INTEGER PRIMARY KEY, b REFERENCES t ON DELETE CASCADE); INSERT INTO t VALUES (0, NULL); INSERT INTO t SELECT value, value - 1 FROM generate_series(1, 20000); DELETE FROM t WHERE a = 0
--: an order that is none | sql_error
CREATE TABLE t(a COLLATE evil); SELECT * FROM t ORDER BY a
--: a table without rows' numbers and key | sql_error
CREATE TABLE t(a) WITHOUT ROWID
--: a spatial index of too many sides | sql_error
CREATE VIRTUAL TABLE r USING rtree(id{{100*, a#, b#}})
--: full-text search over our table | ok,sql_error
CREATE VIRTUAL TABLE f USING fts5(serial, content=devices, content_rowid=pages); INSERT INTO f(f) VALUES ('rebuild'); SELECT count(*) FROM f('S1')
--: full-text search over the schema | ok,sql_error,sql_not_allowed
CREATE VIRTUAL TABLE f USING fts5(sql, content=sqlite_schema); INSERT INTO f(f) VALUES ('rebuild'); SELECT count(*) FROM f('devices')
--: full-text search over itself | sql_error
CREATE VIRTUAL TABLE f USING fts5(a, content=f); INSERT INTO f(f) VALUES ('rebuild'); SELECT * FROM f
--: full-text search of many columns | ok,sql_error,query_timeout
CREATE VIRTUAL TABLE f USING fts5({{1990*c#,}}z); INSERT INTO f(z) VALUES ('a'); SELECT count(*) FROM f('a')
--: words of what is none | sql_error
CREATE VIRTUAL TABLE temp.v USING fts5vocab(devices, row); SELECT * FROM v
--: an upsert that goes round | ok,sql_error
CREATE TABLE t(a PRIMARY KEY, b); INSERT INTO t SELECT value % 3, 0 FROM generate_series(1, 10000) WHERE 1 ON CONFLICT(a) DO UPDATE SET b = b + 1 RETURNING b
--: a savepoint in a savepoint | ok,query_timeout,query_memory_exceeded | deadline=500
{{20000*SAVEPOINT s#;}} SELECT 1
--: a view over what is shared | sql_error
CREATE VIEW v AS SELECT * FROM cities; SELECT * FROM v
--: a trigger over what is shared | sql_error
CREATE TRIGGER g AFTER INSERT ON alerts BEGIN DELETE FROM cities; END
--: a temp trigger on what is shared | sql_not_allowed,sql_error
CREATE TEMP TRIGGER g AFTER INSERT ON alerts BEGIN DELETE FROM cities; END; INSERT INTO alerts(id) VALUES ('n')
