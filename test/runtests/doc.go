// Command runtests runs every test of the project once and ends with one line
// of what was really counted:
//
//	412 passed, 0 failed
//
// Its stages, all of them unless some are named as arguments:
//
//	unit     cmd, flow, internal and web under the race detector, and the modules
//	         in folders of their own (flow/contrib)
//	system   test/...: end to end, contract and script tests, one package at a
//	         time and without the race detector, because they run the built
//	         program against the clock
//	fuzz     every Fuzz function of all modules for a few seconds
//	web      vitest in web/
//	browser  the npm script test:browser in web/, vitest with Chromium
//
// A stage that fails does not stop the next one. A package that fails without a
// failed test of its own (it does not build, it panics, it leaks goroutines)
// counts as one failure. A skipped test counts as a failure too: what did not
// run shows nothing.
package main
