package kafkaflow_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"

	"github.com/flowscope/flowscope/flow"
	"github.com/flowscope/flowscope/flow/contrib/kafkaflow"
	"github.com/flowscope/flowscope/internal/decode"
	"github.com/flowscope/flowscope/internal/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const topic = "flows"

// brokers starts a cluster of three partitions.
func brokers(t *testing.T, more ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	cluster, err := kfake.NewCluster(append([]kfake.Opt{
		kfake.NumBrokers(1), kfake.SeedTopics(3, topic), kfake.WithLogger(kfake.BasicLogger(io.Discard, kfake.LogLevelNone)),
	}, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	return cluster
}

// consume reads so many records by their key.
func consume(t *testing.T, cluster *kfake.Cluster, many int) map[string]*kgo.Record {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	records := map[string]*kgo.Record{}
	for len(records) < many {
		fetched := client.PollFetches(ctx)
		if err := fetched.Err(); err != nil {
			t.Fatalf("%d of %d records came: %v", len(records), many, err)
		}
		fetched.EachRecord(func(r *kgo.Record) { records[string(r.Key)] = r })
	}
	return records
}

// record makes flows and returns their ids.
func record(t *testing.T, tracker *flow.Tracker, many int) (ids []string) {
	t.Helper()
	for i := range many {
		ctx, root := tracker.Start(t.Context(), fmt.Sprintf("flow %d", i))
		_, op := flow.Start(ctx, "step")
		op.End()
		root.End()
		ids = append(ids, root.TraceID().String())
	}
	return ids
}

func TestFlowsArriveAsOTLP(t *testing.T) {
	cluster := brokers(t)
	e, err := kafkaflow.New(kafkaflow.Config{Brokers: cluster.ListenAddrs(), Topic: topic})
	if err != nil {
		t.Fatal(err)
	}
	tracker := flow.New(flow.WithService("shop"), flow.WithExporter(e))
	ids := record(t, tracker, 20)
	if err := tracker.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := e.Stats(); s.Delivered != 20 || s.Failed != 0 {
		t.Errorf("it counted %+v", s)
	}
	records := consume(t, cluster, 20)
	for i, id := range ids {
		r := records[id]
		if r == nil {
			t.Fatalf("flow %d is missing among %d", i, len(records))
		}
		service, names := spans(t, r.Value)
		if want := fmt.Sprintf("[flow %d step]", i); service != "shop" || fmt.Sprint(names) != want || string(r.Headers[0].Value) != "application/x-protobuf" {
			t.Errorf("flow %d is %v of %q", i, names, service)
		}
	}
}

func TestFlowsArriveAsJSON(t *testing.T) {
	cluster := brokers(t)
	e, err := kafkaflow.NewJSON(kafkaflow.Config{Brokers: cluster.ListenAddrs(), Topic: topic})
	if err != nil {
		t.Fatal(err)
	}
	tracker := flow.New(flow.WithExporter(e))
	ids := record(t, tracker, 3)
	if err := tracker.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	for id, r := range consume(t, cluster, 3) {
		var f struct {
			TraceID string `json:"trace_id"`
			Spans   []struct{ Name string }
		}
		if err := json.Unmarshal(r.Value, &f); err != nil || f.TraceID != id || len(f.Spans) != 2 || f.Spans[1].Name != "step" {
			t.Errorf("%s is %s: %v", id, r.Value, err)
		}
	}
	if len(ids) != 3 {
		t.Errorf("%d flows", len(ids))
	}
}

// TestBrokersThatFail has brokers that answer no produce request: the buffer
// stays bounded, flows that find no room are dropped by the tracker, and what
// was buffered is counted as lost.
func TestBrokersThatFail(t *testing.T) {
	cluster := brokers(t)
	cluster.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		return nil, errors.New("gone"), true
	})
	e, err := kafkaflow.New(kafkaflow.Config{
		Brokers: cluster.ListenAddrs(), Topic: topic, MaxBufferedBytes: 20_000, DeliveryTimeout: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	tracker := flow.New(flow.WithHistory(10, 1<<20), flow.WithExporter(e))
	const flows = 5000
	record(t, tracker, flows)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := tracker.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("shutdown returned %v", err)
	}
	// The tracker has told the exporter to end, and it does soon.
	for deadline := time.After(30 * time.Second); ; {
		s, c := e.Stats(), tracker.Exporters()[0]
		if s.Delivered == 0 && s.Failed > 0 && s.Failed < 1000 && c.Dropped > 0 && c.Dropped+c.Exported+c.Failed == flows {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("it counted %+v, the tracker %+v", s, c)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func TestCloseTellsWhatIsLost(t *testing.T) {
	e, err := kafkaflow.NewJSON(kafkaflow.Config{Brokers: []string{"127.0.0.1:1"}, Topic: topic, DeliveryTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Export(t.Context(), []flow.Trace{{TraceID: flow.TraceID{1}}}); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err == nil || !strings.HasPrefix(err.Error(), "deliver flows: 1 of 1 lost: ") {
		t.Errorf("close returned %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Export(ended, []flow.Trace{{}}); !errors.Is(err, context.Canceled) {
		t.Errorf("export returned %v", err)
	}
}

// spans reads an OTLP request.
func spans(t *testing.T, request []byte) (service string, names []string) {
	t.Helper()
	var b model.Batch
	if _, err := decode.Proto(&b, request); err != nil {
		t.Fatal(err)
	}
	b.Seal()
	for i := range b.Len() {
		service = b.Span(i).Resource().Service
		names = append(names, b.Span(i).Name())
	}
	return service, names
}

func TestConfigIsChecked(t *testing.T) {
	for _, c := range []kafkaflow.Config{{}, {Brokers: []string{"127.0.0.1:1"}}, {Topic: topic},
		{Brokers: []string{"127.0.0.1:1"}, Topic: topic, Options: []kgo.Opt{kgo.MaxBufferedRecords(-1)}}} {
		if _, err := kafkaflow.New(c); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}
