// Package kafkaflow sends the flows of a service to a Kafka topic, one record a
// flow: its key is the trace id in hexadecimal, so that the parts of a trace that
// several services send are in one partition.
//
//	exporter, err := kafkaflow.New(kafkaflow.Config{Brokers: []string{"127.0.0.1:9092"}, Topic: "otlp_spans"})
//	...
//	tracker := flow.New(flow.WithExporter(exporter))
//	defer tracker.Shutdown(ctx)
//
// Records are OTLP requests in protobuf, which the OpenTelemetry Collector's
// Kafka receiver reads as otlp_proto; NewJSON writes flows as flow.Trace's
// MarshalJSON does. The header content-type says which.
//
// # Limits
//
// Records wait in memory until the brokers have them, 8 MiB of them by default.
// When that is full the exporter waits, flows wait in the tracker, and what does
// not fit there is dropped and counted by the tracker (flow.ExporterStats). A
// record that the brokers have not taken after a minute is lost and counted by
// the exporter (Stats).
//
// It is a module of its own, so that package flow needs nothing but the standard
// library.
package kafkaflow
