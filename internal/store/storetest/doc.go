// Package storetest is the contract that every store keeps, as tests: a backend
// calls Run. It also makes the spans and flows that tests of stores need.
package storetest
