#!/usr/bin/env bash
# Builds the dashboard into a temporary folder and compares it with web/dist,
# which is committed so that the program builds with Go alone.
set -euo pipefail
cd "$(dirname "$0")/../../web"
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT

npm exec -- vite build --outDir "$fresh" --emptyOutDir --logLevel warn
if ! diff -rq dist "$fresh"; then
	echo "web/dist is not what web/ builds to: run 'make web' and commit web/dist" >&2
	exit 1
fi
echo "web/dist is current"
