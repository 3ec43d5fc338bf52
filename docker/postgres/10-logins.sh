#!/bin/bash
# The two login roles with their passwords. The server's image runs this once, when its volume is empty; running it
# again changes the passwords:  docker compose -f docker/compose.yaml exec postgres /docker-entrypoint-initdb.d/10-logins.sh
# What the roles may do is the migrations' affair (`toldonce migrate`).
set -euo pipefail

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\getenv api_password TOLDONCE_API_PASSWORD
\getenv worker_password TOLDONCE_WORKER_PASSWORD
select 'create role toldonce_api login noinherit'
where not exists (select from pg_roles where rolname = 'toldonce_api') \gexec
select 'create role toldonce_worker login noinherit'
where not exists (select from pg_roles where rolname = 'toldonce_worker') \gexec
alter role toldonce_api password :'api_password';
alter role toldonce_worker password :'worker_password';
SQL
