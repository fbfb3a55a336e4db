--: parentheses | sql_error,ok
SELECT {{900*(}}1{{900*)}}
--: parentheses without end | sql_error,query_memory_exceeded
SELECT {{200000*(}}1
--: parentheses that close | sql_error,query_memory_exceeded
SELECT {{200000*(}}1{{200000*)}}
--: subqueries that do not close | sql_error
{{20000*SELECT (}}
--: CASE within CASE | sql_error
SELECT {{20000*CASE WHEN }}1
--: a text that does not end | sql_error
SELECT 'abc
--: a name that does not end | sql_error
SELECT "abc
--: a name in brackets that does not end | sql_error
SELECT [abc
--: a blob that does not end | sql_error
SELECT x'abc
--: half a byte | sql_error
SELECT x'abc'
--: a comment that does not end | ok
SELECT 1 /* abc
--= [[1]]
--: comments in comments | sql_error
SELECT 1 /* /* */ */
--: a comment alone | sql_error
-- nothing
--: a comment of a megabyte | ok
SELECT 1 /* {{900000*x}} */
--= [[1]]
--: comments one after another | ok
{{200000*/**/}}SELECT 1
--= [[1]]
--: lines of comments | ok
{{200000*--
}}SELECT 1
--= [[1]]
--: white space | ok
{{900000* }}SELECT 1
--= [[1]]
--: semicolons alone | sql_error
{{900000*;}}
--: nothing | sql_error

--: a NUL | sql_error
SELECT 1{{u0000}}, 2
--: a NUL at the end | sql_error
SELECT 1{{u0000}}
--: a NUL before what must not be seen | sql_error
SELECT 1;{{u0000}} ATTACH '/etc/passwd' AS x
--: a NUL in a text | sql_error
SELECT 'a{{u0000}}b'
--: bytes that are no UTF-8 | request_invalid
SELECT '{{xFF}}{{xFE}}'
--: half a character | request_invalid
SELECT 'é{{xC3}}'
--: a character that is longer than it need be | request_invalid
SELECT '{{xC0}}{{xAF}}'
--: half a pair of surrogates | request_invalid
SELECT '{{xED}}{{xA0}}{{x80}}'
--: a byte order mark | ok
{{uFEFF}}SELECT 1
--= [[1]]
--: byte order marks inside | sql_error,ok
SELECT{{uFEFF}} 1
--: a text from right to left | ok
SELECT '{{u202E}}abc' AS "{{u202E}}x"
--: a name of a megabyte | sql_error
SELECT {{900000*a}}
--: a text of a megabyte | ok
SELECT length('{{900000*a}}')
--= [[900000]]
--: a number of a megabyte | ok
SELECT typeof({{900000*9}})
--= [["real"]]
--: a fraction of a megabyte | ok
SELECT 0.{{900000*9}} > 0
--: an exponent without end | ok
SELECT typeof(1e{{1000*9}})
--= [["real"]]
--: a hexadecimal number too large | sql_error
SELECT 0x{{100*f}}
--: a hexadecimal number of a megabyte | sql_error
SELECT 0x{{900000*f}}
--: parameters beyond all numbers | sql_error
SELECT ?99999999999
--: parameters beyond those there are | request_invalid,sql_error
SELECT ?32766
--: many parameters | request_invalid
SELECT {{1500*?,}}1
--: parameters without names | sql_error
SELECT :, @
--: words that are none | sql_error
{{100000*SELECT }}
--: an operator that is none | sql_error
SELECT 1 {{1000*<=>}} 2
--: backslashes and braces | sql_error
SELECT \{\}`
--: control characters | sql_error
SELECT 1{{u0001}}{{u0002}}{{u007F}}
--: dots | sql_error
SELECT a{{10000*.a}}
--: commas | sql_error
SELECT {{100000*,}}
--: a list of nothing | ok
SELECT 1 IN ()
--= [[0]]
--: keywords as names | sql_error
CREATE TABLE select(from, where)
--: an alias of a megabyte | ok,result_too_large
SELECT 1 AS "{{900000*a}}"
