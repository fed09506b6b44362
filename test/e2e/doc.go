// Package e2e holds the end-to-end tests: they build the real binary, run it
// as its own process, and talk to it as users do, with the OpenTelemetry SDK,
// telemetrygen, its own load generator, a browser and plain HTTP.
package e2e
