package otelflow

import sdktrace "go.opentelemetry.io/otel/sdk/trace"

// RecordAll is a sampler of the SDK that decides as another one does, except
// that it has recorded, and not exported, what that one drops. The tracker's
// statistics are exact then, at the cost of recording every span.
func RecordAll(s sdktrace.Sampler) sdktrace.Sampler { return recordAll{s} }

type recordAll struct{ sdktrace.Sampler }

func (r recordAll) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	result := r.Sampler.ShouldSample(p)
	if result.Decision == sdktrace.Drop {
		result.Decision = sdktrace.RecordOnly
	}
	return result
}

func (r recordAll) Description() string { return "RecordAll{" + r.Sampler.Description() + "}" }
