-- fts5, a long document
CREATE VIRTUAL TABLE temp.f USING fts5(a); INSERT INTO f VALUES (replace(printf('%.*c', 5000000, 'x'), 'x', 'ab cd '))
-- fts5, long and all different
CREATE VIRTUAL TABLE temp.f USING fts5(a); INSERT INTO f SELECT group_concat(value, ' ') FROM generate_series(1, 3000000)
-- fts5, a phrase
CREATE VIRTUAL TABLE temp.f USING fts5(a); INSERT INTO f VALUES (substr(replace(printf('%.*c', 5000000, 'x'), 'x', 'ab cd '), 1, 3000000)); SELECT count(*) FROM f('"ab cd ab cd ab"')
-- fts5, NEAR
CREATE VIRTUAL TABLE temp.f USING fts5(a); INSERT INTO f VALUES (substr(replace(printf('%.*c', 5000000, 'x'), 'x', 'ab cd '), 1, 3000000)); SELECT count(*) FROM f('NEAR(ab zz cd, 100000)')
-- fts5, many words of a query
CREATE VIRTUAL TABLE temp.f USING fts5(a); INSERT INTO f SELECT 'w' || (value % 5000) || ' common v' || value || ' x y z' FROM generate_series(1, 30000); SELECT count(*) FROM f('{each 3000 w# OR }w')
-- fts5, a deep query
CREATE VIRTUAL TABLE temp.f USING fts5(a); INSERT INTO f SELECT 'w' || (value % 5000) || ' common v' || value || ' x y z' FROM generate_series(1, 30000); SELECT count(*) FROM f('{each 250 (common OR w# AND }w{each 250 )}')
-- fts5, a long query
CREATE VIRTUAL TABLE temp.f USING fts5(a); INSERT INTO f SELECT 'w' || (value % 5000) || ' common v' || value || ' x y z' FROM generate_series(1, 30000); SELECT count(*) FROM f('"{each 400000 x }"')
-- fts5, a prefix
CREATE VIRTUAL TABLE temp.f USING fts5(a); INSERT INTO f SELECT 'w' || (value % 5000) || ' common v' || value || ' x y z' FROM generate_series(1, 30000); SELECT count(*) FROM f('v* OR w* OR c*') ORDER BY rank
-- fts5, highlight
CREATE VIRTUAL TABLE temp.f USING fts5(a); INSERT INTO f VALUES (substr(replace(printf('%.*c', 5000000, 'x'), 'x', 'ab cd '), 1, 4000000)); SELECT length(highlight(f, 0, '<<<<', '>>>>')) FROM f('ab')
-- fts5, snippet
CREATE VIRTUAL TABLE temp.f USING fts5(a); INSERT INTO f VALUES (substr(replace(printf('%.*c', 5000000, 'x'), 'x', 'ab cd '), 1, 4000000)); SELECT length(snippet(f, 0, '<', '>', '..', 64)) FROM f('ab OR cd')
-- fts5, optimize
CREATE VIRTUAL TABLE temp.f USING fts5(a); INSERT INTO f SELECT 'w' || (value % 5000) || ' common v' || value || ' x y z' FROM generate_series(1, 30000); INSERT INTO f(f) VALUES ('optimize')
-- fts5, rebuild
CREATE VIRTUAL TABLE temp.f USING fts5(a); INSERT INTO f SELECT 'w' || (value % 5000) || ' common v' || value || ' x y z' FROM generate_series(1, 30000); INSERT INTO f(f) VALUES ('rebuild')
-- fts5, integrity-check
CREATE VIRTUAL TABLE temp.f USING fts5(a); INSERT INTO f SELECT 'w' || (value % 5000) || ' common v' || value || ' x y z' FROM generate_series(1, 30000); INSERT INTO f(f) VALUES ('integrity-check')
-- fts5, merge and drop
CREATE VIRTUAL TABLE temp.f USING fts5(a); INSERT INTO f SELECT 'w' || (value % 5000) || ' common v' || value || ' x y z' FROM generate_series(1, 30000); INSERT INTO f(f, rank) VALUES ('merge', 10000); DROP TABLE f
-- fts5, vocabulary
CREATE VIRTUAL TABLE temp.f USING fts5(a); INSERT INTO f SELECT 'w' || (value % 5000) || ' common v' || value || ' x y z' FROM generate_series(1, 30000); CREATE VIRTUAL TABLE temp.v USING fts5vocab(f, instance); SELECT count(*) FROM v
-- fts5, trigrams
CREATE VIRTUAL TABLE temp.f USING fts5(a, tokenize='trigram'); INSERT INTO f VALUES (hex(randomblob(2000000))); SELECT count(*) FROM f WHERE a LIKE '%ABCDEF%'
-- fts5, a commit
CREATE VIRTUAL TABLE temp.f USING fts5(a); BEGIN; INSERT INTO f SELECT 'w' || (value % 5000) || ' common v' || value || ' x y z' FROM generate_series(1, 30000); COMMIT
-- fts5, bm25
CREATE VIRTUAL TABLE temp.f USING fts5(a); INSERT INTO f VALUES (substr(replace(printf('%.*c', 5000000, 'x'), 'x', 'ab cd '), 1, 3000000)); SELECT {each 50 bm25(f), }bm25(f) FROM f('ab OR cd')
-- fts5, NEAR of many
CREATE VIRTUAL TABLE temp.f USING fts5(a); INSERT INTO f VALUES (substr(replace(printf('%.*c', 5000000, 'x'), 'x', 'ab cd '), 1, 1500000)); SELECT count(*) FROM f('NEAR({each 60 ab cd }, 1000)')
-- fts5, a long phrase that is not there
CREATE VIRTUAL TABLE temp.f USING fts5(a); INSERT INTO f VALUES (substr(replace(printf('%.*c', 5000000, 'x'), 'x', 'ab cd '), 1, 1500000)); SELECT count(*) FROM f('"{each 60 ab cd }ab ab"')
-- fts5, the sort of a document
CREATE VIRTUAL TABLE temp.f USING fts5(a); BEGIN; INSERT INTO f SELECT group_concat(value, ' ') FROM generate_series(1, 1000000); COMMIT
-- fts5, documents read anew
CREATE VIRTUAL TABLE temp.f USING fts5(a, content='t', columnsize=0); CREATE TEMP TABLE t(a); INSERT INTO t VALUES (substr(replace(printf('%.*c', 5000000, 'x'), 'x', 'ab cd '), 1, 3000000) || ' zz'); INSERT INTO f(rowid, a) SELECT rowid, a FROM t; SELECT {each 20 snippet(f, 0, '<', '>', '', 64), bm25(f, #), }1 FROM f('zz')
-- fts5, characters of a tokenizer
CREATE VIRTUAL TABLE temp.f USING fts5(a, tokenize="unicode61 tokenchars '{each 300000 ☃}'")
