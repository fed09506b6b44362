#!/usr/bin/env bash
# Checks what no linter looks at in the tracked files: their length, and that
# none of them names the host of a package registry (which registry or mirror a
# machine uses is that machine's business; lock files carry hashes, not hosts).
set -uo pipefail
cd "$(dirname "$0")/../.."
failed=0

fail() {
	echo "$1" >&2
	failed=1
}

# A file that needs more than 600 lines holds two subjects.
while IFS= read -r -d '' file; do
	lines=$(wc -l <"$file")
	((lines <= 600)) || fail "$file: $lines lines, the limit is 600"
done < <(git ls-files -z -- '*.go' '*.sh' '*.ts' '*.svelte' '*.css' '*.js' '*.mjs' ':!web/dist')

# Written in halves, or this file would name them itself.
hosts=(
	registry.npmjs"".org registry.yarnpkg"".com registry.npmmirror"".com
	proxy.golang"".org sum.golang"".org goproxy"".io goproxy"".cn
	pypi"".org files.pythonhosted"".org crates"".io rubygems"".org repo.maven.apache"".org
	deb.debian"".org archive.ubuntu"".com dl-cdn.alpinelinux"".org
)
patterns=()
for host in "${hosts[@]}"; do patterns+=(-e "$host"); done
if git grep -nIF "${patterns[@]}"; then
	fail "the lines above name a package registry"
fi

if git grep -nE '"resolved": *"[a-z+]+:' -- '*package-lock.json'; then
	fail "the lines above tie a lock file to a registry: set omit-lockfile-registry-resolved=true in .npmrc"
fi
exit "$failed"
