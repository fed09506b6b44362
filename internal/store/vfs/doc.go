// Package vfs is the little of a filesystem that the store needs, as an
// interface, so that tests can take the disk away.
//
// There are three: OS is the real one, Mem keeps everything in memory and can
// lose power, and Fault fails the operations a test picks on top of either.
//
// What the store may rely on is what POSIX promises and no more: the content of
// a file survives a crash once File.Sync returned nil, and a name (created,
// renamed or removed) once FS.SyncDir of its directory did. Names are
// slash-separated or the system's own; the store joins them with path/filepath.
package vfs
