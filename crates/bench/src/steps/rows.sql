-- sorter [rows]
SELECT count(*) FROM (SELECT a.id FROM reads a, generate_series(1, 10) ORDER BY a.note, value LIMIT -1 OFFSET 1)
-- sorter of long rows
SELECT count(*) FROM (SELECT printf('%.*c', 300000, 'x') || value AS t FROM generate_series(1, 3000) ORDER BY t LIMIT -1 OFFSET 1)
-- DISTINCT [rows]
SELECT count(*) FROM (SELECT DISTINCT a.id || value FROM reads a, generate_series(1, 10))
-- CREATE INDEX [rows]
CREATE TEMP TABLE t AS SELECT id, note FROM reads; CREATE INDEX temp.i ON t (note, id)
-- CREATE INDEX on a scratch [rows]
CREATE INDEX i ON reads (note, device)
-- count(*) [rows]
SELECT count(*) FROM reads a
-- DELETE of all rows [rows]
DELETE FROM reads
-- DROP TABLE [rows]
DROP TABLE reads
-- VACUUM [rows]
VACUUM
-- CREATE TABLE AS and back [rows]
CREATE TABLE t AS SELECT * FROM reads; INSERT INTO t SELECT * FROM t; DELETE FROM t
-- integrity_check [rows]
PRAGMA integrity_check
-- ANALYZE [rows]
PRAGMA analysis_limit=0; ANALYZE
-- ROLLBACK [rows]
BEGIN; UPDATE reads SET note = 'x' || note; ROLLBACK
-- UPDATE [rows]
UPDATE reads SET note = 'x' || note
-- percentile
SELECT median(value * 7919 % 1000003) FROM generate_series(1, 20000000)
-- percentile, as many as memory holds
SELECT median(value * 7919 % 1000003) FROM generate_series(1, 8000000)
-- percentile, sliding
SELECT sum(m) FROM (SELECT median(value * 7919 % 1000003) OVER (ORDER BY value ROWS 400000 PRECEDING) AS m FROM generate_series(1, 2000000))
-- window, a far frame
SELECT sum(m) FROM (SELECT nth_value(value, 200000) OVER (ORDER BY value ROWS BETWEEN 300000 PRECEDING AND CURRENT ROW) AS m FROM generate_series(1, 1000000))
-- window, max over a far frame
SELECT sum(m) FROM (SELECT max(value) OVER (ORDER BY -value ROWS BETWEEN 300000 PRECEDING AND 300000 FOLLOWING) AS m FROM generate_series(1, 1000000))
-- recursive CTE
WITH RECURSIVE c(x) AS (VALUES (1) UNION SELECT (x * 7919 + 1) % 100000007 FROM c) SELECT count(*) FROM c
-- recursive CTE, ordered
WITH RECURSIVE c(x) AS (VALUES (1) UNION ALL SELECT x + value FROM c, generate_series(1, 3) ORDER BY 1) SELECT count(*) FROM c
-- rtree
CREATE VIRTUAL TABLE temp.r USING rtree(id, a, b, c, d); INSERT INTO r SELECT value, value % 1000, value % 1000 + 1, value / 1000, value / 1000 + 1 FROM generate_series(1, 200000); SELECT count(*) FROM r x, r y WHERE x.a < y.b
