package query_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/analyze/analyzetest"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query"
	"github.com/flowscope/flowscope/internal/query/querytest"
)

func TestDependencies(t *testing.T) {
	e, _ := shop()
	all, err := e.Dependencies(t.Context(), production())
	if err != nil {
		t.Fatal(err)
	}
	shares := map[string]float64{}
	for _, n := range all.Graph.Nodes {
		shares[n.ID()] = n.CriticalShare
	}
	for _, c := range []struct {
		name, service, namespace string
		want                     []string
	}{
		{"everything", "", "", []string{"database:postgresql/carts", "pay/payment", "shop/cart", "shop/catalog", "shop/web"}},
		{"one service", "cart", "", []string{"database:postgresql/carts", "shop/cart", "shop/web"}},
		{"one namespace", "", "pay", []string{"pay/payment", "shop/web"}},
		{"nobody", "cart", "pay", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := production()
			f.Service, f.Namespace = c.service, c.namespace
			d, err := e.Dependencies(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, n := range d.Graph.Nodes {
				got = append(got, n.ID())
				if n.CriticalShare != shares[n.ID()] {
					t.Errorf("%s has %v of the critical paths, of all %v", n.ID(), n.CriticalShare, shares[n.ID()])
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if d.LastSeen <= shopTime.From || d.LastSeen > shopTime.To {
				t.Errorf("last seen at %d", d.LastSeen)
			}
		})
	}
}

func TestServices(t *testing.T) {
	e, _ := shop()
	all, err := e.Services(t.Context(), query.Filter{Period: shopTime})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range all.Services {
		got = append(got, s.Namespace+"/"+s.Name+"@"+s.Environment)
	}
	want := []string{
		"pay/payment@production", "shop/cart@production", "shop/catalog@production",
		"shop/web@production", "shop/web@staging",
	}
	if !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	cart := all.Services[1]
	if !slices.Equal(cart.Versions, []string{"1.1", "1.0"}) || cart.Metrics.Requests != 12 || !within(cart.Metrics.Latency.P50, 4) {
		t.Errorf("cart %+v", cart)
	}
	if web := all.Services[3]; web.Metrics.Requests != 13 || web.Metrics.Errors != 1 || web.Status != analyze.NodeDegraded {
		t.Errorf("web %+v", web)
	}
}

func TestService(t *testing.T) {
	e, _ := shop()
	f := production()
	f.Service = "cart"
	cart, err := e.Service(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	up, down := []model.Node{service("shop", "web")}, []model.Node{{Kind: model.NodeDatabase, Name: "postgresql/carts"}}
	if cart.Namespace != "shop" || !slices.Equal(cart.Upstream, up) || !slices.Equal(cart.Downstream, down) ||
		!slices.Equal(cart.Operations, []string{"checkout"}) {
		t.Errorf("cart %+v", cart)
	}
	old, current := cart.Pods[0], cart.Pods[1]
	if old.Name != "cart-1.0" || old.Node != "node-2" || !old.Running || current.LastSeen <= old.LastSeen {
		t.Errorf("pods %+v", cart.Pods)
	}
}

func TestPodIsGoneAfterFiveMinutes(t *testing.T) {
	r := querytest.New(analyze.Config{}, querytest.Shop())
	e := query.New(r, analyze.Config{}, func() time.Time { return shopEnd.Add(4 * time.Minute) })
	f := production()
	f.Service = "cart"
	cart, err := e.Service(t.Context(), f)
	if err != nil || cart.Pods[0].Running || !cart.Pods[1].Running {
		t.Errorf("pods %+v (%v)", cart.Pods, err)
	}
}

// A name that stands for several services is their sum, and says nothing of
// what differs.
func TestServiceInSeveralEnvironments(t *testing.T) {
	e, _ := shop()
	web, err := e.Service(t.Context(), query.Filter{Period: shopTime, Service: "web"})
	if err != nil || web.Namespace != "shop" || web.Environment != "" || web.Metrics.Requests != 14 {
		t.Errorf("web %+v (%v)", web, err)
	}
}

// Asked for exactly, a service without a namespace and an environment is that, not
// the sum of all of its name.
func TestServiceExactly(t *testing.T) {
	spans, err := analyzetest.Draw("plain", "plain: GET /a [server] |==========")
	if err != nil {
		t.Fatal(err)
	}
	other, err := analyzetest.Draw("other", "ns/plain: GET /b [server] |==========  @env=production")
	if err != nil {
		t.Fatal(err)
	}
	e := query.New(querytest.New(analyze.Config{}, analyzetest.Batch(append(spans, other...))), analyze.Config{}, func() time.Time { return shopEnd })
	for _, c := range []struct {
		filter   query.Filter
		requests int64
	}{
		{query.Filter{Service: "plain"}, 2},
		{query.Filter{Service: "plain", Exact: true}, 1},
		{query.Filter{Service: "plain", Namespace: "ns", Exact: true}, -1}, // of no environment
	} {
		c.filter.Period = shopTime
		d, err := e.Service(t.Context(), c.filter)
		if c.requests < 0 {
			if !errors.Is(err, model.ErrNotFound) {
				t.Errorf("%+v: %+v, %v", c.filter, d, err)
			}
		} else if err != nil || d.Metrics.Requests != c.requests {
			t.Errorf("%+v: %+v, %v", c.filter, d, err)
		}
	}
}

func TestServiceNotFound(t *testing.T) {
	e, _ := shop()
	f := production()
	for _, c := range []query.Filter{
		{Period: shopTime, Service: "nobody"},
		{Period: shopTime, Service: "web", Namespace: "pay"},
		{Period: f.Period, Service: "payment", Environment: "staging"},
	} {
		if d, err := e.Service(t.Context(), c); !errors.Is(err, model.ErrNotFound) {
			t.Errorf("%+v returns %+v (%v)", c, d, err)
		}
	}
}
