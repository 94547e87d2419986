-- The view access of a tenant that shares none of its buckets.
select * from delivered
