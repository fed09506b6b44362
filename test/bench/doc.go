// Command bench measures what Flowscope promises of its speed and prints it as
// one markdown table, each figure beside a reference that was measured in the
// same run:
//
//	go run ./test/bench                  20 million spans, about 12 minutes
//	BENCH_SPANS=200000 go run ./test/bench    all of it small, two minutes
//
// It builds the program, runs it as a child on loopback ports of its own over
// temporary directories, and drives it from this process. The server has its
// default settings, but for two: heads are cut after 5 s (--head-age), so that
// the last spans are in blocks soon after they were sent, and the made-up week of
// rollups has no age limit (--retention-age=0), because it ends on a fixed day.
//
// The spans lie over the day before the run, all but the last fifth, which are of
// now and are what the cost of a span is measured with.
//
// Dashboards and subscribers are in this process, too: what they take of the
// processors is missing to the server, whose own processor time is what is
// measured where that can be.
//
// What is needed: Linux (for /proc), two cores, 5 GB of disk in -dir, and nothing
// else running. Figures of a busy machine are wrong in both directions.
package main
