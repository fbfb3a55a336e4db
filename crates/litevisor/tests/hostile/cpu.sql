--: a count without end | query_timeout
WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c
--: a series without end | query_timeout
SELECT sum(value) FROM generate_series(-9223372036854775807, 9223372036854775807)
--: a series of series | query_timeout
SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b, generate_series(1, 100000) c
--: a cross join | query_timeout
SELECT count(*) FROM devices a, devices b, devices c, devices d, devices e WHERE a.price + b.price > c.price + d.price
--: a cross join that finds nothing | query_timeout
SELECT 1 FROM devices a, devices b, devices c, devices d WHERE a.serial || b.serial = c.serial || d.serial || 'x'
--: joins from the left without a key | query_timeout
SELECT count(*) FROM devices a LEFT JOIN devices b ON a.serial <> b.serial LEFT JOIN devices c ON b.serial <> c.serial LEFT JOIN devices d ON c.serial <> d.serial
--: subqueries within subqueries | query_timeout
SELECT count(*) FROM devices a WHERE (SELECT count(*) FROM devices b WHERE (SELECT count(*) FROM devices c WHERE (SELECT count(*) FROM devices d WHERE d.price > c.price + b.price) > a.pages) > 1) > 1
--: what is not in what is not in | query_timeout
SELECT count(*) FROM devices a, devices b, devices c, devices d WHERE a.id || b.id NOT IN (SELECT c.id || d.id || value FROM generate_series(1, 3))
--: trim of one long text by another | ok,query_timeout
SELECT length(trim(hex(zeroblob(50000)), hex(randomblob(50000))))
--: trim from the left by a long text | ok,query_timeout
SELECT length(ltrim(replace(hex(zeroblob(50000)), '0', 'f'), hex(zeroblob(50000)) || 'f'))
--: trim from the right by a long text | ok,query_timeout
SELECT length(rtrim(replace(hex(zeroblob(50000)), '0', 'f'), hex(zeroblob(50000)) || 'f'))
--: instr of near matches | ok,query_timeout
SELECT instr(hex(zeroblob(200000)), hex(zeroblob(100000)) || '1')
--: instr of near matches in blobs | ok,query_timeout
SELECT instr(zeroblob(400000), CAST(zeroblob(200000) || x'01' AS BLOB))
--: replace of near matches | ok,query_timeout
SELECT length(replace(hex(zeroblob(200000)), hex(zeroblob(100000)) || '1', 'x'))
--: LIKE of near matches | ok,query_timeout
SELECT hex(zeroblob(50000)) LIKE '{{400*%0}}1'
--: LIKE of near matches, one after another | query_timeout
SELECT count(*) FROM generate_series(1, 100000) WHERE hex(zeroblob(5000)) || value LIKE '{{400*%0}}x'
--: GLOB of near matches | ok,query_timeout
SELECT hex(zeroblob(50000)) GLOB '{{400**0}}1'
--: GLOB of a class | ok,query_timeout
SELECT hex(zeroblob(50000)) GLOB '*[{{900*1}}]'
--: LIKE with an escape | ok,query_timeout
SELECT hex(zeroblob(50000)) LIKE '{{300*%\0}}1' ESCAPE '\'
--: a pattern that backtracks elsewhere | ok,query_timeout
SELECT hex(zeroblob(500000)) REGEXP '^(0*)*(0*)*(0*)*1$'
--: a pattern of counts | ok,query_timeout,sql_error
SELECT hex(zeroblob(100000)) REGEXP '(0{1,50}){1,50}1'
--: a pattern for each row | query_timeout
SELECT count(*) FROM generate_series(1, 1000000000) WHERE 'abc' || value REGEXP '(a|b|c)*' || value || '$'
--: hex of long values, many in one step's neighbourhood | query_timeout,query_memory_exceeded,ok
SELECT {{300*length(hex(zeroblob(1500000#))),}}1
--: joined texts, many in one step's neighbourhood | query_timeout,query_memory_exceeded,ok
SELECT {{900*length(x || '#'),}}1 FROM (SELECT hex(zeroblob(15000000)) AS x)
--: quotes of long values | query_timeout,query_memory_exceeded,ok
SELECT {{300*length(quote(zeroblob(1400000#))),}}1
--: upper cases of long values | query_timeout,query_memory_exceeded,ok
SELECT {{300*length(upper(x || '#')),}}1 FROM (SELECT hex(zeroblob(15000000)) AS x)
--: lengths of long texts | query_timeout,ok
SELECT {{900*length(x || '') + #,}}1 FROM (SELECT hex(zeroblob(7500000)) AS x)
--: comparisons of long texts | query_timeout,query_memory_exceeded,ok
SELECT {{900*x || '#' = x || '!#' COLLATE NOCASE,}}1 FROM (SELECT hex(zeroblob(7500000)) AS x)
--: parts of long texts | query_timeout,query_memory_exceeded,ok
SELECT {{900*substr(x, -#, 2),}}1 FROM (SELECT hex(zeroblob(15000000)) AS x)
--: random bytes, much of them | query_timeout,query_memory_exceeded,ok
SELECT {{100*length(randomblob(30000000)),}}1
--: digits of a large number | ok,query_timeout,result_too_large
SELECT length(printf('%.30000000f', 1e300))
--: many formats | ok,query_timeout,result_too_large
SELECT length(printf(replace(hex(zeroblob(1000000)), '0', '%,d')))
--: a format of dates without end | sql_error
SELECT length(strftime(replace(hex(zeroblob(500000)), '0', '%J'), 'now'))
--: formats of dates as long as may be | query_timeout
SELECT sum(length(strftime(replace(hex(zeroblob(16000)), '0', '%J'), value))) FROM generate_series(1, 1000000)
--: modifiers of dates without end | ok,query_timeout,sql_error
SELECT date('now'{{990*, '+1000000 days'}})
--: weeks and zones | query_timeout
SELECT count(to_zone(datetime(value, 'unixepoch'), 'Europe/Paris')) FROM generate_series(1, 1000000000)
--: JSON of megabytes, read again and again | query_timeout,query_memory_exceeded,ok
SELECT {{200*json_extract(x, '$[#]'),}}1 FROM (SELECT '[' || group_concat(value) || ']' AS x FROM generate_series(1, 500000))
--: JSON of megabytes, changed again and again | query_timeout,query_memory_exceeded,result_too_large,ok
SELECT length(json_set(x{{200*, '$[#]', '#'}})) FROM (SELECT '[' || group_concat(value) || ']' AS x FROM generate_series(1, 500000))
--: JSON as rows of rows | query_timeout,query_memory_exceeded
SELECT count(*) FROM (SELECT '[' || group_concat(value) || ']' AS x FROM generate_series(1, 20000)), json_each(x) a, json_tree(x) b
--: JSON objects with many keys | query_timeout,query_memory_exceeded,ok
SELECT {{50*json_extract(x, '$.k9#'),}}1 FROM (SELECT json_group_object('k' || value, value) AS x FROM generate_series(1, 100000))
--: JSON patches of many keys | query_timeout,query_memory_exceeded,sql_error
SELECT length(json_patch(x, y)) FROM (SELECT json_group_object('k' || value, value) AS x FROM generate_series(1, 20000)), (SELECT json_group_object('j' || value, value) AS y FROM generate_series(1, 20000))
--: JSON that removes many keys | query_timeout,query_memory_exceeded,ok
SELECT length(json_remove(x{{500*, '$.k1#'}})) FROM (SELECT json_group_object('k' || value, value) AS x FROM generate_series(1, 50000))
--: JSON that is none | ok,query_timeout
SELECT json_error_position(replace(hex(zeroblob(5000000)), '0', '[1,')), json_valid(replace(hex(zeroblob(5000000)), '0', '"')), 1
--: a frame that moves | query_timeout
SELECT count(*) FROM (SELECT max(value) OVER (ORDER BY value ROWS BETWEEN 50000 PRECEDING AND 50000 FOLLOWING) FROM generate_series(1, 200000))
--: a frame with a filter and an exclusion | query_timeout
SELECT count(*) FROM (SELECT sum(value) FILTER (WHERE value % 2) OVER (ORDER BY value GROUPS BETWEEN 50000 PRECEDING AND 50000 FOLLOWING EXCLUDE TIES) FROM generate_series(1, 200000))
--: the n-th of a frame | query_timeout,ok
SELECT count(*) FROM (SELECT nth_value(value, 40000) OVER (ORDER BY value RANGE BETWEEN 50000 PRECEDING AND 50000 FOLLOWING) FROM generate_series(1, 1000000))
--: a picture of numbers | query_timeout
WITH RECURSIVE x(x) AS (SELECT -2.0 UNION ALL SELECT x + 0.0005 FROM x WHERE x < 1.2), y(y) AS (SELECT -1.0 UNION ALL SELECT y + 0.001 FROM y WHERE y < 1.0), m(i, cx, cy, a, b) AS (SELECT 0, x, y, 0.0, 0.0 FROM x, y UNION ALL SELECT i + 1, cx, cy, a * a - b * b + cx, 2.0 * a * b + cy FROM m WHERE a * a + b * b < 4.0 AND i < 280) SELECT count(*) FROM m
--: words that are asked for | query_timeout,query_memory_exceeded,ok
CREATE VIRTUAL TABLE temp.f USING fts5(a, prefix='1'); INSERT INTO f SELECT hex(randomblob(8)) || ' ' || value FROM generate_series(1, 3000); SELECT count(*) FROM f('{{500*"#"* OR }}"x"*')
--: a phrase without end | query_timeout,query_memory_exceeded,sql_error,ok
CREATE VIRTUAL TABLE temp.f USING fts5(a); INSERT INTO f VALUES ('{{20000*a }}'); SELECT count(*) FROM f('"{{20000*a }}"')
--: words near one another | query_timeout,query_memory_exceeded,sql_error,ok
CREATE VIRTUAL TABLE temp.f USING fts5(a); INSERT INTO f VALUES ('{{20000*a b }}'); SELECT count(*) FROM f('NEAR({{100*a b }}, 20000)')
--: snippets of long documents | query_timeout,query_memory_exceeded,ok
CREATE VIRTUAL TABLE temp.f USING fts5(a); INSERT INTO f SELECT '{{20000*a b }}' FROM generate_series(1, 5); SELECT length(snippet(f, 0, '<', '>', '…', 64)), length(highlight(f, 0, '<', '>')), bm25(f) FROM f('a OR b') ORDER BY rank
--: a query of parentheses | sql_error,query_timeout,ok
CREATE VIRTUAL TABLE temp.f USING fts5(a); SELECT * FROM f('{{5000*(}}a{{5000*)}}')
--: boxes that are asked for | query_timeout,ok
CREATE VIRTUAL TABLE r USING rtree(id, x0, x1); INSERT INTO r SELECT value, 0, 1 FROM generate_series(1, 5000); SELECT count(*) FROM r a, r b, r c WHERE a.x0 <= b.x1 AND b.x0 <= c.x1
--: a list of numbers | ok,query_timeout,query_memory_exceeded | deadline=1000
SELECT count(*) FROM devices WHERE pages IN ({{100000*#,}}0)
--: cases without end | ok,query_timeout,query_memory_exceeded,sql_error | deadline=1000
SELECT count(*) FROM devices a, devices b WHERE CASE a.pages + b.pages {{5000*WHEN -# THEN 0 }} ELSE 1 END
--: an expression as deep as can be | ok,query_timeout
SELECT {{300*(1+}}1{{300*)}}
--: an expression deeper than can be | sql_error
SELECT {{5000*1+}}1
--: a chain of AND | sql_error,ok
SELECT 1 WHERE {{20000*1 AND }}1
--: negations | sql_error
SELECT {{10000*-}}1
--: negations in words | sql_error
SELECT {{10000*NOT }}1
--: an integrity check of much | query_timeout,ok,query_memory_exceeded
CREATE TABLE t(a UNIQUE, b CHECK (b > 0)); INSERT INTO t SELECT value, value FROM generate_series(1, 100000); PRAGMA integrity_check
--: statistics of much | query_timeout,ok,query_memory_exceeded
CREATE TABLE t(a, b, c); INSERT INTO t SELECT value, value % 7, value % 11 FROM generate_series(1, 50000); CREATE INDEX i ON t(a, b, c); CREATE INDEX j ON t(b, c); CREATE INDEX k ON t(c, a); {{200*ANALYZE main;}}
--: sounds and characters | query_timeout
SELECT count(soundex(hex(zeroblob(100000)))), count(unicode(hex(zeroblob(100000)))) FROM generate_series(1, 1000000000)
--: a walk over zones that are none | query_timeout
SELECT count(CASE WHEN datetime(value || ' days', 'localtime', 'utc') IS NULL THEN 1 END) FROM generate_series(1, 1000000000)
