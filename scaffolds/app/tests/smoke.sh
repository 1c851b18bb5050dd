#!/bin/sh
# Serves the app on a free port, asks for its page, and looks for the greeting of every part.
set -eu
cd "$(dirname "$0")/.."
url_file=$(mktemp)
cargo mosaic serve --addr 127.0.0.1:0 >"$url_file" &
server=$!
trap 'kill "$server" 2>/dev/null; rm -f "$url_file"' EXIT

# The first line of stdout is the address, once everything is built.
while ! grep -q '^http://' "$url_file"; do
    kill -0 "$server" 2>/dev/null || { echo "FAILED: the server ended" >&2; exit 1; }
    sleep 0.2
done

page=$(curl --silent --show-error --fail "$(head -n 1 "$url_file")/World")
for part in{{parts}}; do
    case "$page" in
        *"Hello, World, from $part!"*) echo "ok: $part" ;;
        *) echo "FAILED: no greeting from $part in: $page" >&2; exit 1 ;;
    esac
done
