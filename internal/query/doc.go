// Package query answers the questions people ask of flows: which ran, what one
// of them did, how an operation or a service is doing, who depends on whom.
// It knows nothing of transport; internal/api/rest puts its answers on the wire.
//
// Answers about many flows are sums of rollups, so that a week costs merging
// hours and days and no trace is read; answers about one flow analyse its trace anew.
// Percentiles only ever come out of merged sketches.
//
// Rollups are kept per minute. A period is therefore widened outward to whole
// minutes, and every answer made of rollups says the period it is about.
package query
