--: a table without end | query_memory_exceeded,query_timeout | deadline=3000
CREATE TABLE big AS SELECT randomblob(100000) AS a FROM generate_series(1, 1000000000)
--~ query.temp_bytes_max
--: a temp table without end | query_memory_exceeded,query_timeout | deadline=3000
CREATE TEMP TABLE big AS SELECT randomblob(100000) AS a FROM generate_series(1, 1000000000)
--: a table of small rows without end | query_memory_exceeded,query_timeout
CREATE TABLE big AS SELECT value FROM generate_series(1, 1000000000)
--: a sort without end | query_memory_exceeded,query_timeout | deadline=3000
SELECT randomblob(100000) AS a FROM generate_series(1, 1000000000) ORDER BY a
--~ query.temp_bytes_max
--: a sort of small rows without end | query_memory_exceeded,query_timeout
SELECT value FROM generate_series(1, 1000000000) ORDER BY random()
--: a sort by a sort | query_memory_exceeded,query_timeout
SELECT * FROM (SELECT value, random() AS r FROM generate_series(1, 1000000000) ORDER BY r LIMIT 100000000) ORDER BY value DESC
--: distinct without end | query_memory_exceeded,query_timeout
SELECT count(*) FROM (SELECT DISTINCT randomblob(100000) FROM generate_series(1, 1000000000))
--: a union without end | query_memory_exceeded,query_timeout
SELECT value FROM generate_series(1, 1000000000) UNION SELECT -value FROM generate_series(1, 1000000000)
--: an intersection without end | query_memory_exceeded,query_timeout
SELECT value FROM generate_series(1, 1000000000) INTERSECT SELECT -value FROM generate_series(1, 1000000000)
--: what is left without end | query_memory_exceeded,query_timeout
SELECT value FROM generate_series(1, 1000000000) EXCEPT SELECT -value FROM generate_series(1, 1000000000)
--: a materialised CTE without end | query_memory_exceeded,query_timeout
WITH c AS MATERIALIZED (SELECT randomblob(100000) AS a FROM generate_series(1, 1000000000)) SELECT count(*) FROM c x, c y
--: an index made on the way | query_memory_exceeded,query_timeout
WITH c AS MATERIALIZED (SELECT value AS a, randomblob(1000) AS b FROM generate_series(1, 1000000000)) SELECT count(*) FROM devices JOIN c ON c.a = devices.pages WHERE b > x'00'
--: a list to look in without end | query_memory_exceeded,query_timeout
SELECT count(*) FROM devices WHERE pages IN (SELECT value FROM generate_series(1, 1000000000))
--: a window without end | query_memory_exceeded,query_timeout
SELECT count(*) FROM (SELECT sum(value) OVER (ORDER BY value DESC ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) FROM generate_series(1, 1000000000))
--: a rank without end | query_memory_exceeded,query_timeout
SELECT max(r) FROM (SELECT ntile(7) OVER (ORDER BY value % 1000) AS r FROM generate_series(1, 1000000000))
--: an index over large rows | query_memory_exceeded,query_timeout | deadline=3000
CREATE TABLE t AS SELECT randomblob(4000) AS a FROM generate_series(1, 10000); CREATE INDEX i ON t(a); CREATE INDEX j ON t(a, rowid)
--: an insert without end | query_memory_exceeded,query_timeout
INSERT INTO devices(id, serial) SELECT 'n' || value, hex(randomblob(1000)) FROM generate_series(1, 1000000000)
--: an insert that reads what it writes | query_memory_exceeded,query_timeout,ok | deadline=1000
{{14*INSERT INTO devices(id, serial) SELECT id || '#', serial || hex(randomblob(50)) FROM devices;}}
--: rows as large as can be | query_memory_exceeded,result_too_large,query_timeout
UPDATE devices SET serial = randomblob(30000000)
--: every row over and over | query_memory_exceeded,query_timeout,ok
{{2000*UPDATE devices SET price = price + 1, serial = hex(randomblob(4000));}}
--: rows that come back | query_memory_exceeded,query_timeout,result_too_large
INSERT INTO alerts(id, level) SELECT 'n' || value, value FROM generate_series(1, 1000000000) RETURNING id
--: a journal without end | query_memory_exceeded,query_timeout
BEGIN; CREATE TABLE t(a); INSERT INTO t SELECT randomblob(4000) FROM generate_series(1, 12000); SAVEPOINT s; UPDATE t SET a = randomblob(4000); UPDATE t SET a = randomblob(4000); SELECT count(*) FROM t
--: a temp database attached | query_memory_exceeded,query_timeout | deadline=3000
ATTACH '' AS t; CREATE TABLE t.big AS SELECT randomblob(100000) AS a FROM generate_series(1, 1000000000)
--: full-text search without end | query_memory_exceeded,query_timeout
CREATE VIRTUAL TABLE f USING fts5(a); INSERT INTO f SELECT hex(randomblob(2000)) FROM generate_series(1, 1000000000)
--: full-text search in temp without end | query_memory_exceeded,query_timeout
CREATE VIRTUAL TABLE temp.f USING fts5(a, prefix='1 2 3 4 5 6 7 8 9'); INSERT INTO f SELECT hex(randomblob(2000)) FROM generate_series(1, 1000000000)
--: one document of many words | query_memory_exceeded,query_timeout,result_too_large,ok | deadline=1000 | late=1000
CREATE VIRTUAL TABLE f USING fts5(a); INSERT INTO f SELECT group_concat(hex(randomblob(4)), ' ') FROM generate_series(1, 1000000)
--: a spatial index without end | query_memory_exceeded,query_timeout
CREATE VIRTUAL TABLE r USING rtree(id, x0, x1, y0, y1); INSERT INTO r SELECT value, value % 1000, value % 1000 + 1, value % 777, value % 777 + 1 FROM generate_series(1, 1000000000)
--: vacuum of a large scratch | query_memory_exceeded,query_timeout,ok | deadline=2000
CREATE TABLE t AS SELECT randomblob(4000) AS a FROM generate_series(1, 10000); VACUUM
--: columns with a long default | query_memory_exceeded,query_timeout,result_too_large,ok
ALTER TABLE devices ADD COLUMN z TEXT DEFAULT '{{100000*x}}'; UPDATE devices SET z = z || z || z || z
--: a trigger that multiplies | query_memory_exceeded,query_timeout
CREATE TABLE t(a); CREATE TRIGGER g AFTER INSERT ON alerts BEGIN INSERT INTO t SELECT randomblob(100000) FROM devices, devices, devices; END; INSERT INTO alerts(id) VALUES ('n')
--: tables without end | query_memory_exceeded,query_timeout,ok | deadline=500
{{12000*CREATE TABLE t#(a PRIMARY KEY, b UNIQUE);}}
--: temp views without end | query_memory_exceeded,query_timeout,ok | deadline=500
{{12000*CREATE TEMP VIEW v# AS SELECT * FROM devices;}}
--: a database of one's own choosing in size | sql_not_allowed
PRAGMA max_page_count = 1000000000
--: a journal that is kept | sql_not_allowed
PRAGMA journal_mode = PERSIST
