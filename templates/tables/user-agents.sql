-- The user agents of the slice: whether a pattern expects them, of what kind they are by
-- their name, and their family, which a new version does not change. Expected is null
-- where there is no pattern, and for no agent at all that none names. Browsers are the
-- consoles and programs that a person sits at; command lines are those that a person or a
-- script may have typed; everything else is a program that runs by itself.
with a as (
    select coalesce(user_agent, '-') as user_agent from every_access
    union
    select '-' -- of what is nobody's in a shared bucket
), m as (
    select a.user_agent, lower(a.user_agent) as name,
           exists (select 1 from agent_patterns p where a.user_agent like p.form escape '\') as matched,
           (select count(*) from agent_patterns) > 0 as told
    from a
)
select user_agent, case when told and (matched or user_agent <> '-') then matched end as expected, regexp_replace(user_agent, '[0-9]+', '#', 'g') as family,
       case when user_agent in ('-', '') then 'none'
            when regexp_matches(name, 's3console|aws-internal/3 aws-sdk-java/1\.|console\.amazonaws|cyberduck|s3 browser|winscp|mountainduck|transmit') or starts_with(name, 'mozilla/') then 'browser'
            when regexp_matches(name, 'aws-cli/|s3cmd|s4cmd|s5cmd|curl/|wget/|powershell|aws-tools') then 'command line'
            else 'program' end as kind
from m
