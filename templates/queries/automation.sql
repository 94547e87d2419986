-- title: Programs and people
-- question: What did programs do, and what did people?
-- witness: access log
-- empty: nothing of this kind is in the log
-- column actor: program where the principal backs up or is a service, or its user agent names a program; person where it sits at a browser, or types commands as an administrator or for a restore; else unclear
-- column agent_kind: browser, command line, program, or none, by the name that the client gives itself
-- de title: Programme und Personen
-- de question: Was taten Programme, und was taten Personen?
-- de column actor: Programm, wenn der Principal sichert oder ein Dienst ist oder sein User-Agent ein Programm nennt; Person, wenn sie einen Browser benutzt oder als Administration oder zur Wiederherstellung Befehle eingibt; sonst unklar
-- de column agent_kind: Browser, Befehlszeile, Programm oder keine Angabe, nach dem Namen, den sich der Client selbst gibt
select a.bucket,
       case when p.role in ('backup', 'service') or p.service then 'program'
            when u.kind = 'browser' then 'person'
            when u.kind = 'program' then 'program'
            when u.kind = 'command line' and p.role in ('admin', 'restore') then 'person'
            else 'unclear' end as actor,
       p.principal, p.identity as requester, p.role, u.kind as agent_kind, count(distinct a.user_agent) as user_agents, count(*) as requests,
       sum(case when a.operation like '%.PUT.%' or a.operation like '%.POST.%' or a.operation like '%.COPY.%' or a.operation like '%DELETE%' then 1 else 0 end) as changes,
       min(a.time) as first_seen, max(a.time) as last_seen
from access a
join principals p on p.requester = coalesce(a.requester, '-')
join user_agents u on u.user_agent = coalesce(a.user_agent, '-')
where a.time >= :from and a.time < :to and (:bucket = '' or a.bucket = :bucket)
group by a.bucket, actor, p.principal, p.identity, p.role, u.kind
order by a.bucket, actor, requests desc, principal, requester, agent_kind
