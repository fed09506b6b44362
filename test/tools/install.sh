#!/usr/bin/env bash
# Installs what the tests need: Debian packages for commands that are missing,
# and the Go programs of pinned.txt into .cache/bin through the module proxy.
# What is there already is left alone, so running it again costs a second.
set -euo pipefail
cd "$(dirname "$0")/../.."

# The Debian packages that bring each command. gcc is for the race detector; apt
# is told to leave recommendations out, so what matters of them is named.
declare -A needs=(
	[git]="git" [gcc]="gcc libc6-dev" [node]="nodejs" [npm]="npm"
	[chromium]="chromium fonts-liberation"
)
packages=()
for command in "${!needs[@]}"; do
	# Unquoted on purpose: one command can need several packages.
	command -v "$command" >/dev/null || packages+=(${needs[$command]})
done

if ((${#packages[@]})); then
	root=()
	((EUID == 0)) || root=(sudo -n)
	if ! command -v apt-get >/dev/null || ! "${root[@]}" true 2>/dev/null; then
		echo "please install ${packages[*]}: doing it here needs apt-get, and root or sudo" >&2
		exit 1
	fi
	"${root[@]}" apt-get update -qq
	"${root[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi

while read -r pinned; do
	GOBIN=$PWD/.cache/bin GOFLAGS= go install "$pinned"
done <test/tools/pinned.txt
