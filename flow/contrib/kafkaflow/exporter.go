package kafkaflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/flowscope/flowscope/flow"
)

// Config says where flows go.
type Config struct {
	Brokers []string // host:port of some of the brokers
	Topic   string
	// MaxBufferedBytes bounds the records that wait for the brokers. The default
	// is 8 MiB.
	MaxBufferedBytes int
	// DeliveryTimeout is how long a record may wait, and how long Close does. The
	// default is a minute, and the least a second.
	DeliveryTimeout time.Duration
	// Options are added to the client's: TLS, SASL, compression.
	Options []kgo.Opt
}

const (
	defaultBytes   = 8 << 20
	defaultTimeout = time.Minute
)

// Stats is what became of records.
type Stats struct {
	Delivered int64 // that the brokers have
	Failed    int64 // that are lost
	Err       error // why the last of them was
}

// producer is a client of the brokers with its counts.
type producer struct {
	client      *kgo.Client
	contentType []byte
	timeout     time.Duration

	mu     sync.Mutex
	given  int64 // records that the client was handed
	stats  Stats
	closed bool // all that are not delivered are counted as failed
}

// Exporter sends flows as OTLP in protobuf.
type Exporter struct{ producer }

// JSONExporter sends flows as JSON.
type JSONExporter struct{ producer }

var (
	_ flow.EncodedExporter = (*Exporter)(nil)
	_ flow.Exporter        = (*JSONExporter)(nil)
)

// New returns an exporter of OTLP. It connects when the first flow is exported.
func New(c Config) (*Exporter, error) {
	e := &Exporter{}
	return e, e.open(c, "application/x-protobuf")
}

// NewJSON returns an exporter of JSON, as flow.Trace's MarshalJSON has it.
func NewJSON(c Config) (*JSONExporter, error) {
	e := &JSONExporter{}
	return e, e.open(c, "application/json")
}

func (p *producer) open(c Config, contentType string) error {
	if len(c.Brokers) == 0 || c.Topic == "" {
		return errors.New("open Kafka exporter: Brokers and Topic must be set")
	}
	if c.MaxBufferedBytes <= 0 {
		c.MaxBufferedBytes = defaultBytes
	}
	if c.DeliveryTimeout <= 0 {
		c.DeliveryTimeout = defaultTimeout
	}
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(c.Brokers...), kgo.DefaultProduceTopic(c.Topic), kgo.ClientID("flowscope-kafkaflow"),
		kgo.MaxBufferedBytes(c.MaxBufferedBytes), kgo.RecordDeliveryTimeout(c.DeliveryTimeout),
		kgo.DisableClientMetrics(), // which a client that closes would wait for
	}, c.Options...)...)
	if err != nil {
		return fmt.Errorf("open Kafka exporter: %w", err)
	}
	p.client, p.contentType, p.timeout = client, []byte(contentType), c.DeliveryTimeout
	return nil
}

// ExportEncoded hands flows to the client, and waits while too many are there.
// It fails when ctx ends before all are; Stats tells what became of them.
func (e *Exporter) ExportEncoded(ctx context.Context, flows []flow.Encoded) error {
	for _, f := range flows {
		if err := e.produce(ctx, f.TraceID, f.OTLP); err != nil {
			return err
		}
	}
	return nil
}

// Export is ExportEncoded of flows that are not encoded, for those who wrap the
// exporter.
func (e *Exporter) Export(ctx context.Context, flows []flow.Trace) error {
	for _, f := range flows {
		if err := e.produce(ctx, f.TraceID, flow.EncodeOTLP(f)); err != nil {
			return err
		}
	}
	return nil
}

// Export hands flows to the client, and waits while too many are there. It fails
// when ctx ends before all are; Stats tells what became of them.
func (e *JSONExporter) Export(ctx context.Context, flows []flow.Trace) error {
	for _, f := range flows {
		text, err := f.MarshalJSON()
		if err != nil {
			return fmt.Errorf("encode flow %v: %w", f.TraceID, err)
		}
		if err := e.produce(ctx, f.TraceID, text); err != nil {
			return err
		}
	}
	return nil
}

// produce buffers a record. When ctx ends, the tracker has given up and the
// record is lost, unless it is on its way.
func (p *producer) produce(ctx context.Context, trace flow.TraceID, value []byte) error {
	if ctx.Err() != nil {
		return fmt.Errorf("produce flow: %w", ctx.Err())
	}
	p.mu.Lock()
	p.given++
	p.mu.Unlock()
	p.client.Produce(ctx, &kgo.Record{
		Key: []byte(trace.String()), Value: value,
		Headers: []kgo.RecordHeader{{Key: "content-type", Value: p.contentType}},
	}, p.note)
	return nil
}

// note counts a record that the brokers have or that is lost.
func (p *producer) note(_ *kgo.Record, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
	case err == nil:
		p.stats.Delivered++
	default:
		p.stats.Failed++
		p.stats.Err = err
	}
}

// Stats returns what became of records so far.
func (p *producer) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

// Close waits until the brokers have all records, or for the delivery timeout;
// what they have not then is lost and counted. It returns an error when any
// record was lost.
func (p *producer) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), p.timeout)
	defer cancel()
	flushErr := p.client.Flush(ctx)
	p.client.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if lost := p.given - p.stats.Delivered; lost > p.stats.Failed {
		p.stats.Failed, p.stats.Err = lost, cmp.Or(p.stats.Err, flushErr, kgo.ErrClientClosed)
	}
	if p.stats.Failed > 0 {
		return fmt.Errorf("deliver flows: %d of %d lost: %w", p.stats.Failed, p.given, p.stats.Err)
	}
	return nil
}
