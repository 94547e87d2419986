-- The macro line_count(reason): how many lines a row of rejected_lines stands for. Of an object
-- with very many lines that can't be read, one row counts those behind the first ones.
coalesce(try_cast(regexp_extract(reason, '^([0-9]+) more lines of this object can''t be read$', 1) as bigint), 1)
