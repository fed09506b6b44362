//go:build race

package storetest

// Under the race detector every operation costs some ten times as much, and what it
// looks for shows in any of them.
const places = 3
