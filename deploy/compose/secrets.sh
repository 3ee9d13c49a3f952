#!/bin/sh
# Makes the secrets that compose.yaml names, each once: what is there stays as it is.
set -eu
umask 077
folder=$(dirname "$0")/secrets
mkdir -p "$folder"
for name in administrator_password owner_password server_password token_secret; do
  [ -s "$folder/$name" ] || od -An -v -N32 -tx1 /dev/urandom | tr -d ' \n' >"$folder/$name"
done

# The folder keeps everybody else out. In the containers the passwords are read by users of different numbers; the
# token secret by Berth's alone (10001), which takes it from a file only that nobody else can read.
chmod 0700 "$folder"
chmod 0444 "$folder/administrator_password" "$folder/owner_password" "$folder/server_password"
chmod 0400 "$folder/token_secret"
if [ "$(id -u)" = 0 ]; then
  chown 10001 "$folder/token_secret"
else
  echo "now: sudo chown 10001 $folder/token_secret" >&2
fi
