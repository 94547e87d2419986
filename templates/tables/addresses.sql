-- Where requests came from.
select distinct remote_ip from access where remote_ip is not null
