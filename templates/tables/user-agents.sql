-- The user agents of the slice, for the expected patterns.
select distinct coalesce(user_agent, '-') as user_agent from delivered order by user_agent
