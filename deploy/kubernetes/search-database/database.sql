-- The database of the searches and its account, which reads no other table. Repeated at each start,
-- here and in compose/search.yaml.
\set ON_ERROR_STOP on
\set password `cat /run/passwords/optuna/password`
set log_statement = 'none'; -- neither this nor an error writes the password to the server's log
set log_min_error_statement = 'panic';
set log_min_duration_statement = -1;

select 'create role optuna' where not exists (select from pg_roles where rolname = 'optuna') \gexec
alter role optuna login nosuperuser nocreatedb nocreaterole noreplication nobypassrls
    connection limit 60 password :'password'; -- three a searcher; MLflow needs the rest
select 'create database optuna owner optuna'
    where not exists (select from pg_database where datname = 'optuna') \gexec
revoke connect, temporary on database optuna from public;
