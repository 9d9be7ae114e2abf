#!/bin/sh
# Makes the roles and databases of the stack. Each application owns its own and cannot connect to the other's.
# It runs at every `up`, creates what is missing, and sets the given passwords.
#   PGHOST, PGUSER, PGPASSWORD                   a superuser
#   VALIDATR_DB_PASSWORD, TEMPORAL_DB_PASSWORD
set -eu
: "${VALIDATR_DB_PASSWORD:?}" "${TEMPORAL_DB_PASSWORD:?}"

psql --no-psqlrc --quiet --tuples-only --set ON_ERROR_STOP=1 --dbname postgres <<'SQL'
\getenv validatr_password VALIDATR_DB_PASSWORD
\getenv temporal_password TEMPORAL_DB_PASSWORD

SELECT format('CREATE ROLE %I LOGIN', role)
  FROM unnest(ARRAY['validatr', 'temporal']) AS role
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) \gexec

-- The API's requests run as this role. It sees the rows of one tenant at a time.
SELECT 'CREATE ROLE validatr_tenant NOLOGIN'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'validatr_tenant') \gexec
GRANT validatr_tenant TO validatr;

ALTER ROLE validatr PASSWORD :'validatr_password';
ALTER ROLE temporal PASSWORD :'temporal_password';

SELECT format('CREATE DATABASE %I OWNER %I', name, owner)
  FROM (VALUES ('validatr', 'validatr'), ('temporal', 'temporal'), ('temporal_visibility', 'temporal')) AS wanted (name, owner)
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = name) \gexec

REVOKE ALL ON DATABASE postgres, validatr, temporal, temporal_visibility FROM PUBLIC;
SQL
echo 'databases are ready'
