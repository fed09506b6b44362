package demo

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// queueWorkers is the concurrency of a consumer: each message takes it about 100 ms, and 200 flows a second publish up to 40.
const queueWorkers = 8

// publishStep sends one message within a producer span.
type publishStep struct{ topic string }

func publish(topic string) step { return publishStep{topic} }

func (s publishStep) run(ctx context.Context, x *exec) error {
	m := message{headers: propagation.MapCarrier{}, seed: x.rng.Uint64()}
	m.id = fmt.Sprintf("%s-%016x", s.topic, m.seed)
	ctx, span := x.at.tracer.Start(ctx, "send "+s.topic, trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(
		semconv.MessagingSystemKafka,
		semconv.MessagingDestinationName(s.topic),
		semconv.MessagingOperationTypeSend,
		semconv.MessagingOperationName("send"),
		semconv.MessagingMessageID(m.id),
		semconv.ServerAddress("kafka.platform.internal"),
		semconv.ServerPort(9092),
	))
	propagator().Inject(ctx, m.headers)
	err := x.at.mesh.clock.sleep(ctx, lat(2, 9).draw(x.rng)) // the broker's acknowledgement
	if err == nil {
		err = x.at.mesh.broker.publish(s.topic, m)
	}
	endSpan(span, err)
	return err
}

// consume starts the goroutines that work off what in subscribes to. They end when the broker is closed and its queues are empty.
func (m *mesh) consume(ctx context.Context, in *instance) {
	for _, c := range in.service.consumers {
		queue := m.broker.subscribe(c.topic, in.service.name)
		if c.batch > 0 {
			m.consuming.Go(func() { in.consumeBatches(ctx, c, queue) })
			continue
		}
		for range queueWorkers {
			m.consuming.Go(func() { in.consumeEach(ctx, c, queue) })
		}
	}
}

func (in *instance) consumeEach(ctx context.Context, c consumer, queue <-chan message) {
	for {
		msg, ok := in.mesh.broker.receive(queue)
		if !ok {
			return
		}
		in.process(ctx, c, msg)
	}
}

func (in *instance) consumeBatches(ctx context.Context, c consumer, queue <-chan message) {
	for {
		batch := in.mesh.broker.collect(queue, in.mesh.clock, c.batch)
		if len(batch) == 0 {
			return
		}
		in.processBatch(ctx, c, batch)
	}
}

// process continues the producer's trace: its span is the parent, and linked as the messaging conventions ask.
func (in *instance) process(ctx context.Context, c consumer, msg message) {
	ctx = propagator().Extract(ctx, msg.headers)
	ctx, span := in.startConsumer(ctx, c,
		[]trace.Link{trace.LinkFromContext(ctx)},
		semconv.MessagingMessageID(msg.id))
	endSpan(span, c.steps.run(ctx, newExec(in, msg.seed)))
}

// processBatch starts a trace of its own, as a batch belongs to no single flow, with a link to each message's producer.
func (in *instance) processBatch(ctx context.Context, c consumer, batch []message) {
	links := make([]trace.Link, len(batch))
	for i, msg := range batch {
		links[i] = trace.LinkFromContext(propagator().Extract(ctx, msg.headers), semconv.MessagingMessageID(msg.id))
	}
	ctx, span := in.startConsumer(ctx, c, links, semconv.MessagingBatchMessageCount(len(batch)))
	endSpan(span, c.steps.run(ctx, newExec(in, batch[0].seed)))
	in.mesh.demo.counters.batches.Add(1)
}

func (in *instance) startConsumer(ctx context.Context, c consumer, links []trace.Link, about attribute.KeyValue) (context.Context, trace.Span) {
	return in.tracer.Start(ctx, "process "+c.topic, trace.WithSpanKind(trace.SpanKindConsumer), trace.WithLinks(links...),
		trace.WithAttributes(
			semconv.MessagingSystemKafka,
			semconv.MessagingDestinationName(c.topic),
			semconv.MessagingOperationTypeProcess,
			semconv.MessagingOperationName("process"),
			semconv.MessagingConsumerGroupName(in.service.name),
			about,
		))
}
