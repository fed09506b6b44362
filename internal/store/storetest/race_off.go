//go:build !race

package storetest

// places is how many places share the questions that each is asked.
const places = 1
