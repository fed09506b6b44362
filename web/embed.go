// Package web carries the built dashboard, so that one binary serves it.
//
// The files in dist are what "npm run build" makes of this folder; they are
// committed so that building Flowscope needs Go alone.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files returns the built dashboard with index.html at its root. Files under
// assets/ carry a hash of their content in their names and never change.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // "dist" is a valid path, the only thing fs.Sub checks
	}
	return files
}
