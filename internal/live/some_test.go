package live

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// someFlows are of 40 operations, one in fifty failed. Those of an operation
// reach five services in so many ways.
func someFlows(ways int) (flows []*model.Flow) {
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 5000 {
		operation := rng.IntN(40)
		flows = append(flows, flow(fmt.Sprint("operation-", operation), func(f *model.FlowSummary) {
			f.Duration = rng.Int64N(int64(time.Second))
			f.Services = nil
			way := rand.New(rand.NewPCG(uint64(operation), rng.Uint64N(uint64(ways))))
			for range 5 {
				f.Services = append(f.Services, model.Node{Name: fmt.Sprint("service-", way.IntN(30))})
			}
			if i%50 == 0 {
				f.Status = model.FlowError
			}
		}))
	}
	return flows
}

// someFilter is different for each i.
func someFilter(i int) Filter {
	f := Filter{MinDuration: time.Duration(i) * time.Millisecond}
	switch i % 5 {
	case 0:
		status := model.FlowError
		f.Status = &status
	case 1:
		f.Service = fmt.Sprint("service-", i%30)
	case 2:
		f.Environment = "prod"
	default:
		f.Operation = fmt.Sprint("operation-", i%40)
	}
	return f
}
