--: a neighbour by name | sql_error
SELECT * FROM tiny.devices
--: a neighbour by a file | sql_not_allowed
ATTACH 'tiny' AS tiny; SELECT * FROM tiny.devices
--: a neighbour by a key | ok
SELECT * FROM devices WHERE id = 't1'
--= []
--: a neighbour by a value | ok
SELECT count(*) FROM devices WHERE serial = 'only' OR id NOT LIKE 'd%'
--= [[0]]
--: a neighbour by a union with everything | ok
SELECT count(*) FROM (SELECT id FROM devices WHERE 1 = 1 OR 'tenant' = 'tiny')
--= [[200]]
--: the list of tenants | sql_error
SELECT * FROM customers
--: the field that parts tenants | sql_error
SELECT customerId FROM devices
--: what the service keeps | ok
SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('devices', 'alerts', 'sqlite_stat1', 'sqlite_stat4')
--= []
--: what is kept in temp | ok
SELECT count(*) FROM sqlite_temp_schema
--= [[0]]
--: a temp table left behind | ok
CREATE TEMP TABLE left_behind(secret); INSERT INTO left_behind VALUES (1); SELECT 1
--: a temp table found | sql_error
SELECT * FROM left_behind
--: a table left behind | ok
CREATE TABLE left_there(secret); SELECT 1
--: a table found | sql_error
SELECT * FROM left_there
--: a temp view over a name left behind | ok
CREATE TEMP VIEW devices AS SELECT 'forged' AS id, 'forged' AS serial; SELECT count(*) FROM devices
--= [[1]]
--: a temp view over a name found | ok
SELECT count(*) FROM devices WHERE id = 'forged'
--= [[0]]
--: a temp trigger left behind | ok
CREATE TEMP TRIGGER g AFTER DELETE ON alerts BEGIN DELETE FROM devices; END; SELECT 1
--: a temp trigger found | ok
DELETE FROM alerts; SELECT count(*) FROM devices
--= [[200]]
--: a database left attached | ok
ATTACH ':memory:' AS m; CREATE TABLE m.t(a); INSERT INTO m.t VALUES (1); SELECT 1
--: a database found attached | sql_error
SELECT * FROM m.t
--: a number left in the header | ok
PRAGMA user_version = 77; SELECT 1
--: a number found in the header | ok
SELECT user_version FROM pragma_user_version
--= [[0]]
--: a way to compare left behind | ok
PRAGMA case_sensitive_like = 1; SELECT 1
--: a way to compare found | ok
SELECT 'A' LIKE 'a'
--= [[1]]
--: no writing left behind | ok
PRAGMA query_only = 1; SELECT 1
--: no writing found | ok
DELETE FROM alerts WHERE id = 'a1'; SELECT count(*) FROM alerts
--= [[9]]
--: another order left behind | ok
PRAGMA reverse_unordered_selects = 1; SELECT 1
--: another order found | ok
SELECT id FROM devices LIMIT 1
--= [["d000"]]
--: changes counted by others | ok
SELECT changes(), total_changes(), last_insert_rowid()
--= [[0, 0, 0]]
--: a transaction left open | ok
BEGIN; SELECT 1
--: a transaction found | ok
BEGIN; SELECT 1
--: memory that was another's | ok
SELECT replace(hex(zeroblob(1000000)), '0', '') = ''
--= [[1]]
--: pages that were another's | ok
CREATE TABLE t(a); INSERT INTO t VALUES (zeroblob(1000000)); SELECT sum(replace(hex(a), '0', '') <> '') FROM t
--= [[0]]
--: a temp file that was another's | ok
CREATE TEMP TABLE t(a); INSERT INTO t SELECT zeroblob(100000) FROM generate_series(1, 20); SELECT sum(replace(hex(a), '0', '') <> '') FROM t
--= [[0]]
--: which functions there are | ok
SELECT count(*) FROM pragma_function_list WHERE name IN ('load_extension', 'readfile', 'writefile')
--= [[0]]
--: which databases there are | ok
SELECT group_concat(name) FROM (SELECT name FROM pragma_database_list WHERE name NOT IN ('main', 'shared', 'temp'))
--= [[null]]
