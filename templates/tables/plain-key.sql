-- The macro plain_key(k): the key of an object without the URL encoding of the log,
-- which has it once or twice, by operation. What can't be decoded stays as it is.
case when regexp_matches(k, '[%+]')
     then coalesce(try(url_decode(try(url_decode(replace(k, '+', ' '))))), try(url_decode(replace(k, '+', ' '))), k)
     else k end
