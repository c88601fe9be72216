#!/usr/bin/env bash
# Install from Debian's packages what the embedded default does not need:
#   browser   Chromium and a Chinese font, for the browser tests
#   services  PostgreSQL, Redis and nginx, for the second run of the suite
#   demo      speech synthesis and fonts, to make the demo episodes anew
set -euo pipefail
declare -A packages=(
  [browser]="chromium fonts-noto-cjk"
  [services]="postgresql redis-server nginx-light"
  [demo]="espeak-ng fonts-noto-cjk"
  [messages]="gettext"
)
wanted=()
for group in "$@"; do
  [ -n "${packages[$group]:-}" ] || { echo "unknown group '$group'; there is: ${!packages[*]}" >&2; exit 2; }
  wanted+=(${packages[$group]})
done
missing=()
for name in "${wanted[@]}"; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
done
[ ${#missing[@]} -eq 0 ] && exit 0
[ "$(id -u)" -eq 0 ] || { echo "Run as root: apt-get install ${missing[*]}" >&2; exit 1; }
echo "· installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# Installing them must not start servers on the machine's usual ports.
policy=/usr/sbin/policy-rc.d
[ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' > "$policy"; chmod +x "$policy"; trap 'rm -f "$policy"' EXIT; }
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
