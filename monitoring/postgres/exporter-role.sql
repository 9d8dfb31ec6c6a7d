-- The role of postgres-exporter: it may read statistics, and no table. Repeated at each start.
\set ON_ERROR_STOP on
\set password `cat /run/passwords/exporter/password`
set log_statement = 'none'; -- neither this nor an error writes the password to the server's log
set log_min_error_statement = 'panic';
set log_min_duration_statement = -1;

select 'create role exporter' where not exists (select from pg_roles where rolname = 'exporter') \gexec
alter role exporter login nosuperuser nocreatedb nocreaterole noreplication nobypassrls
    connection limit 5 password :'password';
grant pg_monitor to exporter;
