#!/bin/sh
# Run once by PostgreSQL's image, when it makes its files: two roles and the database. psql reads the passwords itself,
# so that no list of processes shows them.
set -eu
SECRETS=${SECRETS:-/run/secrets}
export SECRETS

psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres \
  --set=owner="${BERTH_OWNER:-berth_owner}" --set=server="${BERTH_SERVER:-berth}" --set=name="${BERTH_NAME:-berth}" <<'SQL'
\set owner_password `cat "$SECRETS/owner_password"`
\set server_password `cat "$SECRETS/server_password"`
CREATE ROLE :"owner" LOGIN PASSWORD :'owner_password';
CREATE ROLE :"server" LOGIN PASSWORD :'server_password';
CREATE DATABASE :"name" OWNER :"owner" ENCODING 'UTF8' TEMPLATE template0;
SQL
