--: zeroes without end | result_too_large
SELECT zeroblob(2000000000)
--: zeroes beyond 64 bits | ok
SELECT length(zeroblob(-9223372036854775808))
--= [[0]]
--: random bytes without end | result_too_large
SELECT length(randomblob(2000000000))
--: many long values in one row | result_too_large,query_memory_exceeded
SELECT {{40*zeroblob(30000000),}}1
--: many long values in one row that is not sent | query_memory_exceeded,query_timeout | deadline=2000
SELECT {{40*length(a#),}}1 FROM (SELECT {{40*randomblob(30000000) AS a#,}}1 LIMIT 1 OFFSET 0)
--: hex of hex | result_too_large
SELECT length(hex(hex(hex(zeroblob(8000000)))))
--: replace that grows | result_too_large
SELECT length(replace(hex(zeroblob(2000000)), '0', '0123456789abcdef'))
--: replace that grows again and again | result_too_large,query_memory_exceeded,query_timeout
WITH RECURSIVE d(x) AS (SELECT 'aa' UNION ALL SELECT replace(x, 'a', 'aaa') FROM d) SELECT max(length(x)) FROM d
--: text that doubles | result_too_large
WITH RECURSIVE d(x) AS (SELECT 'a' UNION ALL SELECT x || x FROM d) SELECT max(length(x)) FROM d
--: text that doubles with concat | result_too_large,query_memory_exceeded
WITH RECURSIVE d(x) AS (SELECT 'a' UNION ALL SELECT concat(x, x, x, x) FROM d) SELECT max(length(x)) FROM d
--: text that doubles with concat_ws | result_too_large
WITH RECURSIVE d(x) AS (SELECT 'a' UNION ALL SELECT concat_ws(x, x, x, x) FROM d) SELECT max(length(x)) FROM d
--: quotes that double | result_too_large
WITH RECURSIVE d(x) AS (SELECT '''' UNION ALL SELECT quote(x) FROM d) SELECT max(length(x)) FROM d
--: JSON quotes that double | result_too_large,query_memory_exceeded
WITH RECURSIVE d(x) AS (SELECT '"' UNION ALL SELECT '' || json_quote(x) FROM d) SELECT max(length(x)) FROM d
--: arrays that double | result_too_large,query_memory_exceeded
WITH RECURSIVE d(x) AS (SELECT json('[1]') UNION ALL SELECT json_array(json(x), json(x)) FROM d) SELECT max(length(x)) FROM d
--: objects that double | result_too_large,query_memory_exceeded
WITH RECURSIVE d(x) AS (SELECT '{}' UNION ALL SELECT json_object('a', x, 'b', x) FROM d) SELECT max(length(x)) FROM d
--: pretty JSON that doubles | result_too_large,query_memory_exceeded,sql_error
WITH RECURSIVE d(x) AS (SELECT '[1,2]' UNION ALL SELECT json_pretty('[' || x || ',' || x || ']', '                ') FROM d) SELECT max(length(x)) FROM d
--: printf as wide as can be | result_too_large,ok
SELECT length(printf('%2000000000d', 1))
--: printf as precise as can be | result_too_large,ok
SELECT length(printf('%.2000000000f', 1.5))
--: printf with a width from outside | result_too_large,ok
SELECT length(printf('%*d', 2147483647, 1))
--: printf with a negative width | result_too_large,ok
SELECT length(printf('%*d', -2147483648, 1))
--: printf that repeats a character | result_too_large,ok
SELECT length(printf('%.*c', 1000000000, 'x'))
--: group_concat of a cross join | result_too_large,query_timeout | deadline=2000
SELECT length(group_concat(hex(randomblob(5000)))) FROM devices a, devices b, devices c
--: string_agg with a long separator | result_too_large,query_memory_exceeded
SELECT length(string_agg(a.id, hex(zeroblob(500000)))) FROM devices a, devices b
--: json_group_array of a cross join | result_too_large,query_memory_exceeded,query_timeout | deadline=2000
SELECT length(json_group_array(hex(randomblob(5000)))) FROM devices a, devices b, devices c
--: json_group_object of a cross join | result_too_large,query_memory_exceeded,query_timeout | deadline=2000
SELECT length(json_group_object(hex(randomblob(5000)), a.id)) FROM devices a, devices b, devices c
--: a median of all numbers | query_memory_exceeded,query_timeout | deadline=2000
SELECT median(value) FROM generate_series(1, 1000000000)
--: a percentile of all numbers | query_memory_exceeded,query_timeout
SELECT percentile_cont(value, 0.5) FROM generate_series(1, 1000000000)
--: distinct random values | query_memory_exceeded,query_timeout
SELECT count(DISTINCT randomblob(1000)) FROM generate_series(1, 1000000000)
--: groups without end | query_memory_exceeded,query_timeout
SELECT count(*) FROM (SELECT count(*) FROM generate_series(1, 1000000000) GROUP BY randomblob(1000))
--: a window over texts | result_too_large,query_memory_exceeded,query_timeout
SELECT max(length(x)) FROM (SELECT group_concat(hex(randomblob(500))) OVER (ORDER BY value) AS x FROM generate_series(1, 100000))
--: a window's inverse over texts | result_too_large,query_memory_exceeded,query_timeout
SELECT max(length(x)) FROM (SELECT group_concat(hex(randomblob(500))) OVER (ORDER BY value ROWS BETWEEN 20000 PRECEDING AND 20000 FOLLOWING) AS x FROM generate_series(1, 1000000))
--: a recursion that remembers all it has seen | query_memory_exceeded,query_timeout
WITH RECURSIVE c(x) AS (SELECT 1 UNION SELECT x + 1 FROM c) SELECT count(*) FROM c
--: a recursion that doubles its queue | query_memory_exceeded,query_timeout
WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + value FROM c, generate_series(0, 1)) SELECT count(*) FROM c
--: a recursion ordered by size | query_memory_exceeded,query_timeout,result_too_large
WITH RECURSIVE c(x) AS (SELECT 'a' UNION ALL SELECT x || value FROM c, generate_series(10, 90) ORDER BY 1 DESC) SELECT count(*) FROM c
--: memory databases | query_memory_exceeded,query_timeout | deadline=2000
ATTACH ':memory:' AS m; CREATE TABLE m.t AS SELECT randomblob(100000) AS a FROM generate_series(1, 1000000000)
--: JSON as deep as can be | sql_error
SELECT json('{{5000*[}}{{5000*]}}')
--: JSON deeper than its text | sql_error,ok
SELECT json_valid(replace(hex(zeroblob(5000000)), '0', '['))
--: a JSON path without end | sql_error,ok
SELECT json_extract('{"a":1}', '${{20000*.a}}')
--: a JSON index without end | ok
SELECT json_set('[]', '$[9999999999]', 1)
--: a pattern that grows when compiled | sql_error
SELECT 'a' REGEXP '(((a{1000}){1000}){1000}){1000}'
--: a pattern of classes | sql_error,ok
SELECT 'a' REGEXP '{{2000*[\w\d\s]{1,50}}}'
--: a pattern without end | sql_error
SELECT 'a' LIKE '{{5000*%a}}'
--: a glob without end | sql_error
SELECT 'a' GLOB '[{{5000*a}}]'
--: hex digits without end | result_too_large,ok
SELECT length(unhex(hex(zeroblob(15000000))))
--: as many values as fit a row | result_too_large,query_memory_exceeded,query_timeout
SELECT length(a) FROM (SELECT randomblob(31000000) AS a FROM devices) ORDER BY a
--: rows as long as can be, distinct | result_too_large,query_memory_exceeded,query_timeout
SELECT count(*) FROM (SELECT DISTINCT randomblob(20000000) FROM devices)
--: a row of many long values, sorted | result_too_large,query_memory_exceeded,query_timeout
SELECT length(a) FROM (SELECT randomblob(20000000) AS a, randomblob(20000000) AS b FROM devices ORDER BY pages) WHERE b IS NOT NULL ORDER BY a
--: a blob as a text | result_too_large,ok
SELECT length(CAST(zeroblob(30000000) AS TEXT) || 'x')
--: upper and lower of long texts | query_memory_exceeded,query_timeout,ok
SELECT {{20*length(upper(lower(a))),}}1 FROM (SELECT hex(zeroblob(15000000)) AS a)
--: a heap limit of one's own | sql_not_allowed
PRAGMA hard_heap_limit = 9000000000000
--: a cache of one's own | sql_not_allowed
PRAGMA cache_size = -2000000
