--: as many tables as a join takes | ok,query_timeout,query_memory_exceeded
SELECT count(*) FROM devices a{{63*, devices a#}} WHERE a.id = a0.id {{62*AND a#.id = a0.id }}
--: more tables than a join takes | sql_error
SELECT 1 FROM devices a{{64*, devices a#}}
--: a join that any order fits | ok,query_timeout,query_memory_exceeded
SELECT count(*) FROM (SELECT 1 FROM devices a{{20*, devices a#}} WHERE a.id = 'd001' {{20*AND a#.pages = a.pages AND a#.serial = a.serial }})
--: a natural join of many | ok,query_timeout,query_memory_exceeded
SELECT count(*) FROM devices a{{40* NATURAL JOIN devices a#}}
--: outer joins of many | ok,query_timeout,query_memory_exceeded
SELECT count(*) FROM devices a{{40* FULL JOIN devices a# ON a#.id = a.id}}
--: choices of choices | ok,query_timeout,query_memory_exceeded
SELECT count(*) FROM devices WHERE 1 {{300*AND (id = 'd#' OR serial = 'S#' OR pages = #)}}
--: alternatives | ok,query_timeout,query_memory_exceeded,sql_error
SELECT count(*) FROM devices WHERE {{900*id = 'd#' OR pages = # AND serial > 'a' OR }}0
--: alternatives over a join | ok,query_timeout,query_memory_exceeded
SELECT count(*) FROM devices a, devices b, devices c WHERE {{100*(a.id = 'd#' AND b.id = a.id AND c.id = b.id) OR }}0
--: a union of forty | ok
SELECT count(*) FROM ({{39*SELECT # AS n UNION }}SELECT 39)
--= [[40]]
--: a union of all there can be | ok,sql_error
SELECT count(*) FROM ({{499*SELECT id FROM devices UNION ALL }}SELECT 'x')
--: a union of more | sql_error
{{3000*SELECT 1 UNION ALL }}SELECT 1
--: unions of unions | ok,query_timeout,sql_error,query_memory_exceeded
SELECT count(*) FROM ({{60*SELECT * FROM (SELECT id FROM devices UNION SELECT serial FROM devices) UNION }}SELECT 'x')
--: statements of 200 kB | ok | deadline=1000
SELECT count(*) FROM (VALUES {{20000*(1#00),}}(1))
--: statements of a megabyte | ok,query_timeout,query_memory_exceeded | deadline=2000
SELECT count(*) FROM (VALUES {{90000*(1#00),}}(1))
--: statements of more than that | body_too_large
SELECT '{{1100000*x}}'
--: bodies of more than that | body_too_large
SELECT '{{5000000*x}}'
--: columns of columns | sql_error
SELECT {{500*d.*,}}1 FROM devices d
--: columns that double | query_memory_exceeded,query_timeout,sql_error
SELECT x FROM {{30*(SELECT x + x AS x FROM }}(SELECT pages AS x FROM devices){{30*)}}
--: columns that double in a view | query_memory_exceeded,query_timeout,sql_error
CREATE VIEW v0 AS SELECT id || serial AS x FROM devices; {{30*CREATE VIEW w# AS SELECT 1; DROP VIEW w#; }} WITH a AS (SELECT x || x AS x FROM v0), b AS (SELECT x || x || x || x AS x FROM a), c AS (SELECT x || x || x || x AS x FROM b), d AS (SELECT x || x || x || x || x AS x FROM c), e AS (SELECT x || x || x || x || x AS x FROM d), f AS (SELECT x || x || x || x || x AS x FROM e), g AS (SELECT x || x || x || x || x AS x FROM f), h AS (SELECT x || x || x || x || x AS x FROM g), i AS (SELECT x || x || x || x || x AS x FROM h), j AS (SELECT x || x || x || x || x AS x FROM i) SELECT max(length(x)) FROM j
--: CTEs that double | query_memory_exceeded,query_timeout,sql_error,result_too_large
WITH c0 AS (SELECT 1 AS x), {{30*c1# AS (SELECT 1), }} d0 AS (SELECT * FROM c0, c0 b), d1 AS (SELECT a.x FROM d0 a, d0 b), d2 AS (SELECT a.x FROM d1 a, d1 b), d3 AS (SELECT a.x FROM d2 a, d2 b), d4 AS (SELECT a.x FROM d3 a, d3 b), d5 AS (SELECT a.x FROM d4 a, d4 b), d6 AS (SELECT a.x FROM d5 a, d5 b), d7 AS (SELECT a.x FROM d6 a, d6 b), d8 AS (SELECT a.x FROM d7 a, d7 b), d9 AS (SELECT a.x FROM d8 a, d8 b), e0 AS (SELECT a.x FROM d9 a, d9 b), e1 AS (SELECT a.x FROM e0 a, e0 b), e2 AS (SELECT a.x FROM e1 a, e1 b), e3 AS (SELECT a.x FROM e2 a, e2 b), e4 AS (SELECT a.x FROM e3 a, e3 b), e5 AS (SELECT a.x FROM e4 a, e4 b), e6 AS (SELECT a.x FROM e5 a, e5 b) SELECT count(*) FROM e6
--: views that double | query_memory_exceeded,query_timeout,sql_error
CREATE VIEW v1 AS SELECT a.id FROM devices a, devices b; CREATE VIEW v2 AS SELECT a.id FROM v1 a, v1 b; CREATE VIEW v3 AS SELECT a.id FROM v2 a, v2 b; CREATE VIEW v4 AS SELECT a.id FROM v3 a, v3 b; CREATE VIEW v5 AS SELECT a.id FROM v4 a, v4 b; CREATE VIEW v6 AS SELECT a.id FROM v5 a, v5 b; CREATE VIEW v7 AS SELECT a.id FROM v6 a, v6 b; CREATE VIEW v8 AS SELECT a.id FROM v7 a, v7 b; CREATE VIEW v9 AS SELECT a.id FROM v8 a, v8 b; CREATE VIEW v10 AS SELECT a.id FROM v9 a, v9 b; CREATE VIEW v11 AS SELECT a.id FROM v10 a, v10 b; CREATE VIEW v12 AS SELECT a.id FROM v11 a, v11 b; CREATE VIEW v13 AS SELECT a.id FROM v12 a, v12 b; CREATE VIEW v14 AS SELECT a.id FROM v13 a, v13 b; CREATE VIEW v15 AS SELECT a.id FROM v14 a, v14 b; CREATE VIEW v16 AS SELECT a.id FROM v15 a, v15 b; CREATE VIEW v17 AS SELECT a.id FROM v16 a, v16 b; CREATE VIEW v18 AS SELECT a.id FROM v17 a, v17 b; CREATE VIEW v19 AS SELECT a.id FROM v18 a, v18 b; CREATE VIEW v20 AS SELECT a.id FROM v19 a, v19 b; SELECT count(*) FROM v20
--: subqueries as deep as can be | ok,sql_error,query_timeout
SELECT {{400*(SELECT }}1{{400*)}}
--: tables from tables | ok,sql_error,query_timeout
SELECT * FROM {{400*(SELECT * FROM }}devices{{400*)}} LIMIT 1
--: a thousand ways to sort | ok,query_timeout,query_memory_exceeded | deadline=1000
SELECT id FROM devices ORDER BY {{1000*pages + #,}}1
--: a thousand ways to group | ok,query_timeout,query_memory_exceeded | deadline=1000
SELECT count(*) FROM devices GROUP BY {{1000*pages + #,}}id
--: many windows | ok,query_timeout,query_memory_exceeded,sql_error | deadline=1000
SELECT {{100*sum(pages) OVER (ORDER BY pages + #),}}1 FROM devices
--: many aggregates | ok,query_timeout,query_memory_exceeded | deadline=1000
SELECT {{900*count(DISTINCT pages + #),}}1 FROM devices
--: many arguments | sql_error,ok
SELECT max({{3000*#,}}1)
--: many arguments that are allowed | ok,sql_error
SELECT length(concat({{120*id,}}1)) FROM devices LIMIT 1
--: an index for every order | ok,query_timeout,query_memory_exceeded | deadline=1000
CREATE TABLE t(a, b, c, d, e, f); {{200*CREATE INDEX i# ON t(a, b, c, d, e, f, a + #);}} SELECT count(*) FROM t x, t y, t z WHERE x.a = y.b AND y.c = z.d AND x.e = z.f
--: rows compared as a whole | ok,query_timeout,sql_error
SELECT count(*) FROM devices WHERE ({{900*pages,}}1) > ({{900*#,}}1)
--: EXPLAIN of much | ok,query_timeout,query_memory_exceeded
EXPLAIN SELECT count(*) FROM devices a{{60*, devices a#}} WHERE a.id = a0.id
--: a plan of much | ok,query_timeout,query_memory_exceeded
EXPLAIN QUERY PLAN SELECT count(*) FROM devices a{{60*, devices a#}} WHERE a.id = a0.id
