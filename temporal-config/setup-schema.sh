#!/bin/sh
# Brings both databases of Temporal, new or old, to the schema of this version of its tools. It is safe to repeat.
#   SQL_PLUGIN, SQL_HOST, SQL_PORT, SQL_USER, SQL_PASSWORD   as temporal-sql-tool reads them
set -eu

update_schema() {
  database=$1
  schema=$2
  temporal-sql-tool --database "$database" setup-schema --version 0.0
  temporal-sql-tool --database "$database" update-schema --schema-name "$schema"
}

update_schema temporal postgresql/v12/temporal
update_schema temporal_visibility postgresql/v12/visibility
echo 'schemas are up to date'
