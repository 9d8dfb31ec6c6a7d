#!/usr/bin/env bash
# Fails if the initialisation of the database was interrupted, as Postgres can neither start with
# what is there nor begin again. The argument is the volume's name; nothing is changed.
set -u
cd /var/lib/postgresql/data || exit

# An empty folder; or a database that initdb does not make; or, after initdb, the image's last entry:
# other hosts may connect.
is_usable() {
  [ -z "$(ls)" ] || compgen -G 'base/[0-9]????*' >/dev/null ||
    grep -s '^host' pg_hba.conf | grep -qv -e '127[.]0[.]0[.]1/32' -e '::1/128'
}

for _ in {1..30}; do
  is_usable && exit
  [ -n "$(find . -newermt -5seconds -print -quit)" ] || break # else it is perhaps still running
  sleep 1
done
echo "The initialisation of the database was interrupted, so it is empty and cannot start: remove" \
  "its volume, then start again: docker compose down && docker volume rm $1" >&2
exit 1
