#!/bin/sh
# Sets the passwords of the environment, keeps those of the schools, and becomes the broker.
# A school's:  mosquitto_passwd /mosquitto/data/passwords 370828-001   and then SIGHUP to the broker.
set -eu
umask 077

home=${MOSQUITTO_HOME:-/mosquitto}
passwords=$home/data/passwords
new=$passwords.new
touch "$passwords"

# Through a file: arguments of a program are readable by every process.
: >"$new"
printf 'service:%s\n' "${BROKER_SERVICE_PASSWORD:?is not set}" >>"$new"
if [ -n "${BROKER_SIMULATOR_PASSWORD:-}" ]; then
    printf 'simulator:%s\n' "$BROKER_SIMULATOR_PASSWORD" >>"$new"
fi
mosquitto_passwd -U "$new"
grep -v -e '^service:' -e '^simulator:' "$passwords" >>"$new" || true
mv "$new" "$passwords"
if [ "$(id -u)" = 0 ]; then
    chown -R mosquitto "$home/data"
fi

exec mosquitto -c "$home/config/mosquitto.conf"
