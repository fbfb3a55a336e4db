--: attach a file | sql_not_allowed
ATTACH '/etc/passwd' AS x
--~ /etc/passwd
--: attach a file that is not there | sql_not_allowed
ATTACH 'new.db' AS x; CREATE TABLE x.t(a)
--: attach a URI | sql_not_allowed
ATTACH 'file:/etc/passwd?mode=ro' AS x
--: attach through another VFS | sql_not_allowed
ATTACH 'file:x.db?vfs=unix' AS x
--: attach memory that others could share | sql_not_allowed
ATTACH 'file::memory:?cache=shared' AS x
--: attach an expression | sql_not_allowed
ATTACH '/etc/' || 'passwd' AS x
--: attach what a query finds | sql_not_allowed,sql_error
ATTACH (SELECT '/etc/passwd') AS x
--: attach a number | sql_not_allowed
ATTACH 17 AS x
--: attach with a name from an expression | sql_not_allowed
ATTACH '/etc/passwd' AS (SELECT 'x')
--: attach with a key | sql_not_allowed
ATTACH '/etc/passwd' AS x KEY 'secret'
--: attach a NUL in the name | sql_error
ATTACH ':memory:{{u0000}}/etc/passwd' AS x
--: attach over main | sql_error
ATTACH ':memory:' AS main
--: attach over temp | sql_error
ATTACH ':memory:' AS temp
--: attach as many as there are | sql_error
ATTACH ':memory:' AS a; ATTACH ':memory:' AS b; ATTACH ':memory:' AS c; ATTACH ':memory:' AS d; ATTACH ':memory:' AS e
--: detach main | sql_error
DETACH main
--: detach temp | sql_error
CREATE TEMP TABLE t(a); DETACH temp
--: vacuum into a file | sql_not_allowed
VACUUM INTO '/tmp/stolen.db'
--~ /tmp/stolen.db
--: vacuum into a URI | sql_not_allowed
VACUUM INTO 'file:/tmp/stolen.db?vfs=unix'
--: vacuum into an expression | sql_not_allowed
VACUUM INTO (SELECT '/tmp/' || id FROM devices LIMIT 1)
--: vacuum another database into a file | sql_not_allowed
ATTACH ':memory:' AS m; VACUUM m INTO '/tmp/stolen.db'
--: load an extension | sql_not_allowed
SELECT load_extension('/tmp/evil.so')
--: load an extension by an entry point | sql_not_allowed
SELECT load_extension('/tmp/evil.so', 'main')
--: read a file | sql_error
SELECT readfile('/etc/passwd')
--: write a file | sql_error
SELECT writefile('/tmp/stolen', 'x')
--: list a folder | sql_error
SELECT name FROM fsdir('/')
--: edit with a program | sql_error
SELECT edit('x', '/bin/sh')
--: the shell's commands | sql_error
.read /etc/passwd
--: a virtual table over a CSV file | sql_not_allowed
CREATE VIRTUAL TABLE temp.x USING csv(filename='/etc/passwd')
--: a virtual table over a zip file | sql_not_allowed
CREATE VIRTUAL TABLE x USING zipfile('/tmp/x.zip')
--: a virtual table over pages | sql_not_allowed,sql_error
SELECT data FROM sqlite_dbpage
--: a virtual table over storage | sql_not_allowed,sql_error
SELECT * FROM dbstat
--: a virtual table over statements | sql_not_allowed,sql_error
SELECT * FROM sqlite_stmt
--: an older full-text search | sql_not_allowed
CREATE VIRTUAL TABLE x USING fts4(content='', tokenize=icu)
--: a pointer to code | sql_not_allowed
SELECT fts3_tokenizer('simple', x'4141414141414141')
--: a pointer out of code | sql_not_allowed
SELECT hex(fts3_tokenizer('simple'))
--: a pointer to fts5 | sql_not_allowed
SELECT fts5(x'4141414141414141')
--: a tokenizer that is not there | sql_error
CREATE VIRTUAL TABLE temp.x USING fts5(a, tokenize = 'icu /etc/passwd')
--: where temp files go | sql_not_allowed
PRAGMA temp_store_directory = '/tmp'
--: where data files go | sql_not_allowed
PRAGMA data_store_directory = '/tmp'
--: where the lock lies | sql_not_allowed
PRAGMA lock_proxy_file = '/tmp/lock'
--: temp files on the heap | sql_not_allowed
PRAGMA temp_store = MEMORY
--: map files | sql_not_allowed
PRAGMA mmap_size = 1000000000
--: write to the log | sql_not_allowed
SELECT sqlite_log(1, 'x')
--: extensions by a PRAGMA | sql_not_allowed
PRAGMA activate_extensions('cerod')
--: a write-ahead log | sql_not_allowed
PRAGMA wal_checkpoint(TRUNCATE)
--: which files there are | ok
SELECT group_concat(name || ':' || file, ',') FROM pragma_database_list WHERE name <> 'shared'
--= [["main:main"]]
