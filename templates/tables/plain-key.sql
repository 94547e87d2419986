-- The macro plain_key(k): the key of an object without the URL encoding of the log,
-- which has it once or twice, by operation. What can't be decoded stays as it is. Each
-- url_decode stands in a try of its own, and what it takes is named once: DuckDB moves
-- what two expressions share out of a try.
case when regexp_matches(k, '[%+]')
     then list_transform([coalesce(try(url_decode(replace(k, '+', ' '))), k)], lambda once: coalesce(try(url_decode(once)), once))[1]
     else k end
