-- The view access of a tenant that shares none of its buckets.
select *, epoch_ms(time) // 900000 as quarter from delivered
