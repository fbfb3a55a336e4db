-- a list of numbers
SELECT 1 IN ({each 130000 #,}0)
-- a list of texts
SELECT 'x' IN ({each 90000 't#',}'')
-- a list of calls
SELECT 1 IN ({each 70000 abs(#),}0)
-- a list of aggregates
SELECT 1 IN ({each 70000 sum(#),}0) FROM generate_series(1, 2)
-- a list of aggregates of columns
SELECT 1 IN ({each 50000 sum(value+#),}0) FROM generate_series(1, 2)
-- a list of windows
SELECT 1 IN ({each 30000 sum(value+#)OVER(),}0) FROM generate_series(1, 2)
-- a list of subqueries
SELECT 1 IN ({each 60000 (SELECT #),}0)
-- a list of EXISTS
SELECT 1 IN ({each 40000 EXISTS(SELECT #),}0)
-- VALUES
VALUES {each 100000 (#),}(0)
-- CASE
SELECT CASE value {each 40000 WHEN # THEN abs(#) }END FROM generate_series(1, 2)
-- OR of two columns [rows]
SELECT 1 FROM reads WHERE {each 450 id = '#' OR device > '#' OR }1 = 2
-- AND of all [rows]
SELECT 1 FROM reads a, reads b WHERE {each 900 a.id = b.id AND }1
-- equal to one another [rows]
SELECT 1 FROM {each 60 reads t#,}reads t60 WHERE {each 60 t0.id = t##.id AND t#.note = t##.note AND }1
-- a deep expression
SELECT {each 900 (1+}1{each 900 )}
-- deep subqueries
SELECT {each 300 (SELECT }1{each 300 )}
-- deep subqueries in FROM [rows]
SELECT * FROM {each 300 (SELECT * FROM }reads{each 300 )}
-- a long text
SELECT '{each 1000000 x}'
-- a long comment
SELECT 1 /*{each 1000000 x}*/
-- many statements
{each 110000 SELECT 1;}SELECT 1
-- columns, two thousand
SELECT {each 1999 value+# AS c#,}1 FROM generate_series(1, 2)
-- GROUP BY of two thousand
SELECT count(*) FROM generate_series(1, 2) GROUP BY {each 1999 value+#,}1
-- ORDER BY of a union
SELECT {each 1999 # AS c#,}1 AS z UNION SELECT {each 1999 # AS c#,}1 AS z ORDER BY {each 1999 c#,}z
-- columns of many tables
WITH w AS (SELECT {each 1999 1 AS c#,}1 AS z) SELECT 1 IN ({each 160000 w59.z,}1) FROM {each 59 w w#,}w w59
-- columns of an unknown table
WITH w AS (SELECT {each 1999 1 AS c#,}1 AS z) SELECT (SELECT 1 IN ({each 160000 c7,}1)) FROM w
-- temp triggers, then ALTER
CREATE TEMP TABLE t(a); {each 2000 CREATE TEMP TRIGGER g# AFTER INSERT ON t BEGIN SELECT a FROM t; END; }ALTER TABLE t RENAME TO u
-- views, then ALTER
CREATE TABLE t(a); {each 2000 CREATE VIEW g# AS SELECT a FROM t; }ALTER TABLE t RENAME COLUMN a TO b
-- triggers that fire
CREATE TEMP TABLE t(a); {each 2000 CREATE TEMP TRIGGER g# AFTER INSERT ON t BEGIN UPDATE t SET a = # WHERE a > #; END; }INSERT INTO t VALUES (1)
-- a long CHECK
CREATE TEMP TABLE t(a, CHECK (a IN ({each 100000 #,}0))); INSERT INTO t VALUES (1)
-- many indexes
CREATE TEMP TABLE t(a, b); {each 5000 CREATE INDEX temp.i# ON t (a, b, a+#); }SELECT 1 FROM t WHERE a > 1 AND b > 1
-- a union of 40 [rows]
{each 40 SELECT id, count(*) FROM reads WHERE mono > # GROUP BY 1 UNION ALL }SELECT 1, 2
-- a union of 500 [rows]
{each 499 SELECT id FROM reads WHERE mono > # UNION }SELECT 1
-- a cross join of 64 [rows]
SELECT 1 FROM {each 63 reads t#,}reads
-- a join of 64 by keys [rows]
SELECT 1 FROM reads t0 {each 63 JOIN reads t## ON t##.id = t#.device }
-- a join of 64, each to several [rows]
SELECT 1 FROM {each 63 reads t#,}reads t63 WHERE {each 63 t#.id = t##.device AND t##.id = t#.city AND t0.device = t##.note AND t#.note = t63.id AND }1
-- left joins [rows]
SELECT 1 FROM reads t0 {each 63 LEFT JOIN reads t## ON t##.id = t#.id OR t##.device = t0.id }
-- joins within joins [rows]
SELECT 1 FROM {each 60 (SELECT * FROM reads JOIN reads USING (id)),}reads
-- expressions that double [rows]
{doubled 26 SELECT mono AS x FROM reads;;SELECT x+x AS x FROM @}
-- expressions that double, of constants
{doubled 26 SELECT 1 AS x;;SELECT x+x AS x FROM @}
-- tables that double [rows]
{doubled 16 SELECT * FROM reads;;SELECT a.* FROM @ a JOIN @ b USING (id)}
-- unions that double [rows]
{doubled 22 SELECT id FROM reads;;SELECT * FROM @ UNION ALL SELECT * FROM @}
-- unions in subqueries that double
{doubled 22 SELECT 1 AS id;;SELECT * FROM (SELECT * FROM @ UNION ALL SELECT * FROM @)}
-- scalar subqueries that double
{doubled 22 SELECT 1 AS x;;SELECT (SELECT x FROM @) + (SELECT x FROM @) AS x}
-- columns that double [rows]
{doubled 12 SELECT * FROM reads;;SELECT a.*, b.* FROM @ a, @ b}
-- a union of 500, of 500
WITH a AS ({each 499 SELECT 1 AS x UNION ALL }SELECT 1), b AS ({each 499 SELECT * FROM a UNION ALL }SELECT 1) SELECT count(*) FROM b
