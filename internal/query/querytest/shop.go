package querytest

import (
	"cmp"
	"fmt"
	"time"

	"github.com/flowscope/flowscope/internal/analyze/analyzetest"
	"github.com/flowscope/flowscope/internal/model"
)

// Epoch is when the flows of Shop begin, Unix ns: the full minute
// 2027-01-15T08:00:00Z.
const Epoch = analyzetest.Epoch

// checkouts is how many checkouts Shop has, one every ten seconds.
const checkouts = 12

// Shop is two minutes of a small shop in production, one checkout every ten
// seconds, of which the last fails at the payment; a version of the cart that
// changes half way; one slow browse; and a lone flow of staging. The batch is
// the same every time.
func Shop() *model.Batch {
	var spans []analyzetest.Span
	for i := range checkouts {
		version := "1.0"
		if i >= checkouts/2 {
			version = "1.1"
		}
		spans = append(spans, drawn(fmt.Sprintf("checkout-%d", i), i, checkout(version, i == checkouts-1))...)
	}
	spans = append(spans, drawn("browse", 3, browse)...)
	spans = append(spans, drawn("staging", 1, staging)...)
	return analyzetest.Batch(spans)
}

func checkout(version string, fails bool) string {
	payment, message := "====", ""
	if fails {
		payment, message = "xxxx", ` @message="card refused" @exception="card refused"`
	}
	return `
shop/web: POST /checkout [server]      |====================  flow.operation=checkout @env=production ui.event=click session.id=s1 @host=node-1` + failed(fails) + `
  shop/web: POST cart [client]         | ======               @env=production @host=node-1
    shop/cart: POST /cart [server]     |  ====                @env=production @host=node-2 @version=` + version + `
      shop/cart: SELECT cart [client]  |   ==                 db.system.name=postgresql db.namespace=carts @env=production @host=node-2 @version=` + version + `
  shop/web: POST pay [client]          |        ========      @env=production @host=node-1
    pay/payment: POST /pay [server]    |          ` + payment + `        @env=production @host=node-3` + message + `
`
}

func failed(fails bool) string {
	if fails {
		return " http.response.status_code=500"
	}
	return ""
}

const browse = `
shop/web: GET /products [server]       |========================================  flow.operation=browse @env=production @host=node-1
  shop/web: GET catalog [client]       |  ====================================    @env=production @host=node-1
    shop/catalog: GET /list [server]   |   ==================================     @env=production @host=node-2
`

const staging = `
shop/web: POST /checkout [server]      |==========  flow.operation=checkout @env=staging @host=node-9
`

// drawn is a drawing moved to the n-th ten seconds after Epoch.
func drawn(name string, n int, text string) []analyzetest.Span {
	spans, err := analyzetest.Draw(name, text)
	if err != nil {
		panic(err) // the drawings are in this file
	}
	later := int64(n) * int64(10*time.Second)
	for i := range spans {
		spans[i].Start += later
		spans[i].End += later
		r := &spans[i].Resource
		r.Instance = r.Service + "-" + cmp.Or(r.Version, "0")
	}
	return spans
}

// TraceID is the id of a trace of Shop: checkout-0 to checkout-11, browse, staging.
func TraceID(name string) model.TraceID {
	spans, err := analyzetest.Draw(name, staging)
	if err != nil {
		panic(err) // the drawing is in this file
	}
	return spans[0].TraceID
}
