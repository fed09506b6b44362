// Package apitest has what tests of the API ask, and of what.
package apitest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query/querytest"
)

// Two traces of the shop.
const (
	Checkout       = "checkout-0"
	FailedCheckout = "checkout-11"
)

// Now is when the shop of querytest closes.
func Now() time.Time { return time.Unix(0, querytest.Epoch).Add(2 * time.Minute).UTC() }

// Open is what is open when the shop closes.
func Open(context.Context) (model.OpenFlows, error) {
	web, cart := model.Node{Namespace: "shop", Name: "web"}, model.Node{Namespace: "shop", Name: "cart"}
	at := Now().UnixNano()
	return model.OpenFlows{At: Now(), Total: 3, List: []*model.OpenFlow{
		{TraceID: model.TraceID{1}, Start: at - 5e8, End: at, Services: []model.Node{cart}, Current: cart, SpanCount: 1},
		{TraceID: model.TraceID{2}, Operation: "checkout", Environment: "production", Start: at - 2e9, End: at - 1e9,
			RootService: web, RootName: "POST /checkout", Services: []model.Node{cart, web}, Current: web, SpanCount: 7, ErrorCount: 1},
		{TraceID: model.TraceID{3}, Operation: "checkout", Environment: "production", Start: at - 1e9, End: at, Services: []model.Node{cart}, Current: cart, SpanCount: 2},
	}}, nil
}

// Questions is a request to every endpoint, by the name of its golden file.
func Questions() map[string]string {
	checkout, failed := querytest.TraceID(Checkout).String(), querytest.TraceID(FailedCheckout).String()
	return map[string]string{
		"flows":             "/api/v1/flows?operation=checkout&environment=production&pageSize=2&sort=duration",
		"flows_bare":        "/api/v1/flows?graph=false&status=error&service=payment&namespace=pay&minDuration=1ms&maxDuration=1m",
		"flows_none":        "/api/v1/flows?startTime=0&endTime=60",
		"flows_active":      "/api/v1/flows?status=active&environment=production&pageSize=1&sort=duration",
		"flow":              "/api/v1/flows/" + failed,
		"traces":            "/api/v1/traces?operation=checkout&limit=2&startTime=now-5m&endTime=now",
		"traces_spans":      "/api/v1/traces?service=cart&kind=client&attribute=db.system.name=postgresql&attribute=resource.service.version!~2.*&limit=1",
		"traces_none":       "/api/v1/traces?attribute=nothing=at%20all&sort=duration",
		"trace":             "/api/v1/traces/" + checkout,
		"trace_otlp":        "/api/v1/traces/" + checkout + "?format=otlp",
		"operations":        "/api/v1/operations?startTime=now-2m&pageSize=10",
		"operation_stats":   "/api/v1/operations/checkout/stats?environment=production&startTime=now-2m",
		"operation_unknown": "/api/v1/operations/GET%20%2Fcart/stats?startTime=now-2m",
		"operation_graph":   "/api/v1/operations/checkout/graph?environment=production&startTime=now-2m",
		"operation_compare": "/api/v1/operations/checkout/compare?environment=production&baseline=now-2m..now-1m&candidate=now-1m..now",
		"profile":           "/api/v1/profile?operation=checkout&environment=production&startTime=now-2m",
		"profile_release":   "/api/v1/profile?service=cart&release=1.1&startTime=now-2m",
		"stats":             "/api/v1/stats?service=catalog&startTime=now-1m",
		"dependencies":      "/api/v1/dependencies?service=cart&startTime=now-2m",
		"dependencies_none": "/api/v1/dependencies?namespace=pay&environment=nowhere",
		"services":          "/api/v1/services?environment=production&startTime=now-2m",
		"service":           "/api/v1/services/cart?namespace=shop&startTime=now-2m",
		"status":            "/api/v1/status",
	}
}

// Golden compares an answer with testdata/name.json, which is indented, or
// rewrites that.
func Golden(t *testing.T, update bool, name string, body []byte) {
	t.Helper()
	var got bytes.Buffer
	if err := json.Indent(&got, body, "", "  "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	file := filepath.Join("testdata", name+".json")
	if update {
		if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(file, got.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("got\n%s\nwant\n%s", got.Bytes(), want)
	}
}

// Stuck is a reader that answers a question for flows when its caller has given up.
type Stuck struct{ *querytest.Reader }

// Flows waits for ctx.
func (Stuck) Flows(ctx context.Context, _ model.FlowQuery) (model.FlowPage, error) {
	<-ctx.Done()
	return model.FlowPage{}, ctx.Err()
}
