-- The macro object_key(k, uri): the key of an object, of which the log has it URL-encoded.
-- S3 logs keys encoded once, and those of requests by REST often twice; the address of the
-- request tells which it is: it ends with the key, encoded once. Without such an address
-- the key is encoded once. So an object whose name holds %20 or + is not taken for one with
-- a space. What can't be decoded stays as it is. Each url_decode stands in a try of its
-- own, and what it takes is named once: DuckDB moves what two expressions share out of a
-- try.
case when k is null or not regexp_matches(k, '[%+]') then k
     else list_transform([coalesce(try(url_decode(replace(k, '+', ' '))), k)], lambda once:
              case when not regexp_matches(once, '[%+]') then once
                   else list_transform([coalesce(try(url_decode(replace(once, '+', ' '))), once)], lambda twice:
                            list_transform([coalesce(try(url_decode(replace(regexp_extract(coalesce(uri, ''), '^[A-Z]+ ([^? ]*)', 1), '+', ' '))), '')], lambda path:
                                case when suffix(path, '/' || twice) and not suffix(path, '/' || once) then twice else once end)[1])[1] end)[1] end
