#!/bin/sh
# A folder over CoAP, from the shell: served, listed, read, written under a condition, watched.
#   PATH=$PWD/build:$PATH examples/file_server.sh [PORT]
set -eu
port=${1:-5683}
uri=coap://127.0.0.1:$port

folder=$(mktemp -d)
echo 'Welcome.' >"$folder/readme.txt"
echo '{"interval": 60}' >"$folder/settings.json"

lunacoap serve --write --host 127.0.0.1 --port "$port" "$folder" &
server=$!
trap 'kill $server; rm -r "$folder"' EXIT
until lunacoap get "$uri/readme.txt" 2>/dev/null; do sleep 0.1; done

echo 'What is there:'
lunacoap get "$uri/"
echo
echo 'An observer sees what another client writes:'
lunacoap observe --count 2 "$uri/settings.json" &
observer=$!
sleep 0.5
lunacoap put -f json "$uri/settings.json" '{"interval": 5}'
wait $observer

echo 'A file that is there already is not overwritten with If-None-Match:'
lunacoap put -O if-none-match, "$uri/readme.txt" 'Mine!' || echo "exit status $?"
