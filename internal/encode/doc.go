// Package encode writes spans as OTLP, protobuf (Proto) and JSON (JSON), and
// attributes as the plain JSON of the REST API (AppendAttrs).
//
// OTLP comes out as a TracesData message, spans grouped by resource and scope.
// It carries everything a batch holds but the marks of corrected spans, which
// OTLP has no place for: reading it with package decode yields the same spans.
package encode
