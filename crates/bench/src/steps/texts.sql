-- trim(x, y), all of it
SELECT length(trim({times 33000000 a}, 'xyz' || {times 33000000 a}))
-- trim(x, y), odd UTF-8
SELECT length(trim({times 33000000 a}, CAST(x'c3a9a9a9a9' AS TEXT) || {times 33000000 b}))
-- trim(x, y), many characters
SELECT length(trim(s, s)) FROM (SELECT group_concat(char(value), '') AS s FROM generate_series(1000, 1100000))
-- instr
SELECT instr({times 33000000 a}, {times 16000000 a} || 'b')
-- instr of blobs
SELECT instr(CAST({times 33000000 a} AS BLOB), CAST({times 16000000 a} || 'b' AS BLOB))
-- replace, nothing found
SELECT length(replace({times 33000000 a}, {times 16000000 a} || 'b', ''))
-- replace, all found
SELECT length(replace({times 33000000 a}, 'a', 'b'))
-- LIKE, one run
SELECT {times 33000000 a} LIKE '%' || {times 990 a} || 'b'
-- LIKE, many runs
SELECT {times 33000000 a} LIKE {times 900 %a_} || 'b'
-- LIKE, wide characters
SELECT {times 33000000 é} LIKE '%' || {times 980 é} || 'b'
-- GLOB, sets after a star
SELECT {times 33000000 a} GLOB '*' || {times 900 [ab]} || 'c'
-- GLOB, a long set
SELECT {times 33000000 a} GLOB '*[' || {times 990 b} || ']'
-- regexp, many states
SELECT ({times 33000000 a} || 'b') REGEXP '[ab]*a[ab]{900}b$'
-- regexp, repeated classes
SELECT {times 33000000 a} REGEXP '(\w{2,9}\d?){9}x$'
-- regexp, compiled anew
SELECT sum('a' REGEXP '[a-z]{900}' || value) FROM generate_series(1, 1000000)
-- regexp, no automaton
SELECT {times 33000000 a} REGEXP '(?i)\b(ab|a\b|\Bb)+[ab]{500}é$'
-- printf, wide
SELECT length(printf('%*d', 2000000000, 1))
-- printf, precise
SELECT length(printf('%.*f', 2000000000, 1.5))
-- printf, precise integer
SELECT length(printf('%,.*d', 2000000000, 1))
-- printf, repeated
SELECT length(printf('%.*c', 2000000000, 'x'))
-- printf, repeated wide
SELECT length(printf('%.*c', 16000000, 'é'))
-- printf, quoted
SELECT length(printf('%q', {times 16000000 '}))
-- printf, a long format
SELECT length(printf({times 33000000 %!f}))
-- randomblob
SELECT length(randomblob(33000000))
-- hex
SELECT length(hex(randomblob(16500000)))
-- unhex
SELECT unhex(hex(zeroblob(8000000)) || {times 16000000 z}, {times 33000000 y} || 'z')
-- quote
SELECT length(quote(zeroblob(16500000)))
-- quote of text
SELECT length(quote({times 16000000 '}))
-- unistr
SELECT length(unistr({times 33000000 \0041}))
-- unistr_quote
SELECT length(unistr_quote('a' || {times 3000000 b} || char(10)))
-- upper
SELECT length(upper({times 33000000 a}))
-- soundex
SELECT soundex({times 33000000 1})
-- length
SELECT length({times 33000000 é})
-- substr from the end
SELECT length(substr({times 33000000 é}, -5000000))
-- char
SELECT char({each 900 1,}1)
-- concat_ws
SELECT length(concat_ws({times 16000000 a}, {each 900 '',}1))
-- a chain of ||
SELECT length({each 300 s || }'') FROM (SELECT {times 100000 a} AS s)
-- group_concat
SELECT length(group_concat(value, {times 30000 a})) FROM generate_series(1, 1000)
-- group_concat, sliding
SELECT sum(length(g)) FROM (SELECT group_concat({times 100000 a}) OVER (ORDER BY value ROWS 300 PRECEDING) AS g FROM generate_series(1, 1000))
-- strftime
SELECT length(strftime({times 65000 %J}, 'now'))
-- strftime, short fields
SELECT length(strftime({times 65000 %w}, 'now'))
-- date of a long text
SELECT date({times 33000000 a})
-- date, many modifiers
SELECT date('now', {each 900 '+999999 months',}'utc')
-- CAST
SELECT CAST({times 33000000 9} AS REAL), CAST({times 33000000 9} AS INTEGER), CAST({times 33000000 9} AS NUMERIC) + 0
-- compared with NOCASE
SELECT {times 33000000 a} || 'b' < {times 33000000 a} || 'A' COLLATE NOCASE
-- json
SELECT length(json('[' || {times 33000000 1,} || '0]'))
-- json of JSON5
SELECT length(json('[' || {times 33000000 +.5,} || '0]'))
-- json_valid
SELECT json_valid('[' || {times 33000000 1,} || '0]')
-- json_error_position
SELECT json_error_position('[' || {times 33000000 1,} || '0]x')
-- jsonb
SELECT length(jsonb('[' || {times 33000000 1,} || '0]'))
-- json_array_length
SELECT json_array_length('[' || {times 33000000 1,} || '0]')
-- json_extract, many paths
SELECT json_extract('[' || {times 33000000 1,} || '0]', {each 900 '$[15000#]',}'$')
-- json_set, many paths
SELECT length(json_set('[' || {times 33000000 1,} || '0]', {each 450 '$[#]', 'aaaa',}'$[1]', 1))
-- json_insert, many keys
SELECT length(json_insert({object 600000}, {each 450 '$.k#', 1,}'$.k', 1))
-- json_remove, many paths
SELECT length(json_remove('[' || {times 33000000 1,} || '0]', {each 900 '$[#]',}'$[0]'))
-- json_array_insert
SELECT length(json_array_insert('[' || {times 33000000 1,} || '0]', {each 450 '$[#]', 1,}'$[0]', 1))
-- json_patch
SELECT length(json_patch({object 100000}, {object 100000}))
-- json_patch, new keys
SELECT length(json_patch('{}', {object 300000}))
-- json_patch, removed keys
SELECT length(json_patch(a, b)) FROM (SELECT json_group_object(value, 1) AS a, json_group_object(-value, NULL) AS b FROM generate_series(1, 100000))
-- json_pretty
SELECT length(json_pretty('[' || {times 33000000 1,} || '0]'))
-- json_pretty, deep
SELECT length(json_pretty({times 900 [} || '1' || {times 900 ]}, {times 30000  }))
-- json_quote
SELECT length(json_quote(CAST(zeroblob(5000000) AS TEXT)))
-- json_group_array
SELECT length(json_group_array(value)) FROM generate_series(1, 4000000)
-- json_group_array of texts
SELECT length(json_group_array({times 30000 "})) FROM generate_series(1, 1000)
-- json_group_object, sliding
SELECT sum(length(g)) FROM (SELECT json_group_object(value, printf('%.*c', 1000, 'x')) OVER (ORDER BY value ROWS 9000 PRECEDING) AS g FROM generate_series(1, 20000))
-- json_each
SELECT count(*), sum(length(fullkey)) FROM json_each({object 600000})
-- json_tree
SELECT count(*), sum(length(path)) FROM json_tree({times 900 [} || '1' || {times 900 ]})
-- json_tree, long keys
SELECT sum(length(fullkey)) FROM json_tree('{"' || {times 10000000 k} || '":[' || {times 2000000 1,} || '0]}')
-- ->>, many times
SELECT sum(j ->> '$.k') FROM (SELECT {object 600000} AS j), generate_series(1, 100000)
-- ->>, of another object each time
SELECT sum(j || substr(value, 1, 0) ->> '$.k') FROM (SELECT {object 600000} AS j), generate_series(1, 100000)
-- json_extract, from the end, many times
SELECT json_extract(j, {each 200 '$[399990#]',}'$[#-1]') FROM (SELECT json_group_array(1) AS j FROM generate_series(1, 4000000))
-- json_tree from a path of dots
SELECT key FROM (SELECT {times 10000000 .} AS d), json_tree('{"' || d || '":1}', '$."' || d || '"')
-- json_valid of a blob, row by row
SELECT sum(json_valid(j, 8)) FROM (SELECT jsonb(json_group_array(1)) AS j FROM generate_series(1, 4000000)), generate_series(1, 1000)
-- regexp, counts of counts
SELECT {times 33000000 0} REGEXP '(0{1,50}){1,50}1'
-- regexp, more states than can be kept
SELECT hex(randomblob(16000000)) REGEXP '[0-7]*0[0-9A-F]{900}x'
-- regexp, words of any language
SELECT ('é' || hex(randomblob(8000000))) REGEXP '\b([0-9A-F]{1,40}){9}x\b'
-- regexp, row by row
SELECT sum(t REGEXP '(0{1,40}){1,40}1') FROM (SELECT {times 2500 0} AS t), generate_series(1, 1000000)
-- LIKE, row by row
SELECT sum(t LIKE p) FROM (SELECT {times 30000 a} AS t, '%' || {times 990 a} || 'b' AS p), generate_series(1, 100000)
-- numbers of many digits, one beside another
SELECT {each 900 CAST(t AS REAL), t+#,}1 FROM (SELECT {times 33000000 0} AS t FROM generate_series(1, 2))
-- compared, one beside another
SELECT {each 900 a < b COLLATE NOCASE, a = b,}1 FROM (SELECT {times 30000000 a} || 'a' AS a, {times 30000000 a} || 'b' AS b FROM generate_series(1, 2))
-- lengths, one beside another
SELECT {each 900 length(t)+#, instr(t, 'b'),}1 FROM (SELECT {times 33000000 a} AS t FROM generate_series(1, 2))
-- json_remove, from the front
SELECT length(json_remove(j, {each 900 '$[0]',}'$[0]')) FROM (SELECT json_group_array(1) AS j FROM generate_series(1, 8000000))
-- json_array_insert, at the front
SELECT length(json_array_insert(j, {each 450 '$[0]', 1,}'$[0]', 1)) FROM (SELECT json_group_array(1) AS j FROM generate_series(1, 8000000))
