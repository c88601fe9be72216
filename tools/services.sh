#!/usr/bin/env bash
# Run a command with a PostgreSQL and a Redis of its own: tools/services.sh COMMAND…
# Both live in a temporary directory, on free ports of SERVICES_ADDRESS (127.0.0.1), and end with the command.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bash "$here/debian.sh" services
work=$(mktemp -d)
address=${SERVICES_ADDRESS:-127.0.0.1}
free_port() { PYTHONPATH="$here/.." python3 -c 'from tests.ports import free_port; print(free_port())'; }
pg_bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
pg_port=$(free_port)
as_postgres() { if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
stop() {
  as_postgres "$pg_bin/pg_ctl" -D "$work/pg" -m immediate stop >/dev/null 2>&1 || true
  [ -z "${redis_pid:-}" ] || kill "$redis_pid" 2>/dev/null || true
  rm -rf "$work"
}
trap stop EXIT
chmod 755 "$work"
mkdir "$work/pg" "$work/run"
[ "$(id -u)" -ne 0 ] || chown postgres "$work/pg" "$work/run"
cd "$work"
# a password with all that breaks addresses, shells and files of settings: whoever forgets to quote it fails
password='p/a@s:s#w%r?d $x"&'
printf '%s' "$password" > "$work/password" && chmod 644 "$work/password"
as_postgres "$pg_bin/initdb" -D "$work/pg" -U shengqing --auth=scram-sha-256 --pwfile="$work/password" -E UTF8 --locale=C.UTF-8 >/dev/null
echo "host all all $address/24 scram-sha-256" >> "$work/pg/pg_hba.conf"
# autovacuum would count the tables of a test in its transaction as empty, and queries be planned for no rows
as_postgres "$pg_bin/pg_ctl" -D "$work/pg" -w -l "$work/pg/log" \
  -o "-p $pg_port -c listen_addresses=$address -c unix_socket_directories=$work/run -c fsync=off -c autovacuum=off" \
  start >/dev/null
cd - >/dev/null
redis_port=$(free_port)
redis-server --port "$redis_port" --bind "$address" --protected-mode no --save "" --appendonly no --daemonize no >"$work/redis.log" &
redis_pid=$!
quoted=$(python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1], safe=""))' "$password")
export DATABASE_URL="postgres://shengqing:$quoted@$address:$pg_port/postgres"
export REDIS_URL="redis://$address:$redis_port/0"
echo "· PostgreSQL $("$pg_bin/postgres" --version | cut -d' ' -f3) on port $pg_port, Redis on port $redis_port"
"$@"
