#!/usr/bin/env bash
# Builds the program for every platform it is released for, without cgo.
set -euo pipefail
cd "$(dirname "$0")/../.."
for os in linux darwin windows; do
	for arch in amd64 arm64; do
		echo "build $os/$arch"
		CGO_ENABLED=0 GOOS=$os GOARCH=$arch go build -trimpath -o /dev/null ./cmd/flowscope
	done
done
