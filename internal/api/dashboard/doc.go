// Package dashboard serves the files of the built dashboard, at the root of a
// server or below any path of another one. A path that is no file is a screen
// of the single page, so it gets index.html.
package dashboard
