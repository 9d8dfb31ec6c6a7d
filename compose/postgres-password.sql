-- `make rotate`: gives the database's owner the password of its volume, over the container's socket.
\set ON_ERROR_STOP on
\set password `cat /run/passwords/postgres/password`
set log_statement = 'none'; -- neither this nor an error writes the password to the server's log
set log_min_error_statement = 'panic';
set log_min_duration_statement = -1;

alter role mlflow password :'password';
