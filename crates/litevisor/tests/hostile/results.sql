--: rows without end | result_too_large,query_timeout | deadline=2000
WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c
--: empty rows without end | result_too_large,query_timeout | deadline=2000
WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT NULL, '' FROM c
--: wide rows without end | result_too_large,query_timeout | deadline=2000
SELECT {{1900*value,}}1 FROM generate_series(1, 1000000000)
--: long texts without end | result_too_large,query_timeout
SELECT hex(randomblob(100000)) FROM generate_series(1, 1000000000)
--: one text that is too long | result_too_large
SELECT hex(zeroblob(10000000))
--: one blob that is too long | result_too_large
SELECT zeroblob(10000000)
--: a text that grows when it is written | result_too_large
SELECT replace(hex(zeroblob(1000000)), '0', char(1))
--: blobs that grow when they are written | result_too_large
SELECT randomblob(1000000) FROM devices
--: a text that is none | ok
SELECT CAST(x'fffe' AS TEXT) || 'a'
--: numbers at their ends | ok
SELECT 9e999, -9e999, 9223372036854775807, -9223372036854775808, 5e-324, -0.0, 0.1 + 0.2
--: as many columns as can be | ok
SELECT {{1999*#,}}1
--: one column more | sql_error
SELECT {{2000*#,}}1
--: columns of one name | ok
SELECT {{1000*1 AS a,}}2 AS a
--: names that are none | ok
SELECT 1 AS "", 2 AS """", 3 AS "
", 4 AS "{{u0001}}", 5 AS "</script>", 6 AS "=cmd()"
--: no rows | ok
SELECT * FROM devices WHERE 0
--= []
--: names as long as the statement | ok,result_too_large
SELECT {{90*1 AS "{{10000*n}}#",}}1
--: much to sort for one row | query_timeout,query_memory_exceeded
SELECT value FROM generate_series(1, 1000000000) ORDER BY value % 10 LIMIT 1
--: a limit that is negative | result_too_large,query_timeout | deadline=2000
SELECT value FROM generate_series(1, 1000000000) LIMIT -1
--: an offset without end | query_timeout
SELECT value FROM generate_series(1, 9000000000000) LIMIT 1 OFFSET 9000000000000
