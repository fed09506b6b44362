package rest

import (
	"net/http"
	"time"

	"github.com/flowscope/flowscope/internal/live"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query"
)

// statusActive is the status of flows that are not counted yet.
const statusActive = "active"

// openNote goes with what is said of flows that are open, unless
// Config.OpenKnown.
const openNote = "SDKs export spans when they end: what still runs is not known yet"

type openFlow struct {
	FlowID         string    `json:"flowId"`
	TraceID        string    `json:"traceId"`
	OperationName  string    `json:"operationName"` // empty until it is known
	Environment    string    `json:"environment"`
	StartTime      timestamp `json:"startTime"`
	ElapsedTime    int64     `json:"elapsedTime"` // ns
	Status         string    `json:"status"`
	RootService    string    `json:"rootService"` // empty until it is known
	RootName       string    `json:"rootName"`
	CurrentService string    `json:"currentService"`
	SpanCount      uint32    `json:"spanCount"`
	ServiceCount   int       `json:"serviceCount"`
	ErrorCount     uint32    `json:"errorCount"`
	Services       []string  `json:"services"`
	Partial        bool      `json:"partial"` // always
	Progress       *int      `json:"progress,omitempty"`
	Estimated      bool      `json:"progressEstimated,omitempty"` // with progress, always
}

func openFlowOf(f *model.OpenFlow, elapsed time.Duration, progress int) openFlow {
	out := openFlow{
		FlowID: f.TraceID.String(), TraceID: f.TraceID.String(),
		OperationName: f.Operation, Environment: f.Environment,
		StartTime: timestamp(f.Start), ElapsedTime: int64(elapsed), Status: statusActive,
		RootService: f.RootService.ID(), RootName: f.RootName, CurrentService: f.Current.ID(),
		SpanCount: f.SpanCount, ServiceCount: len(f.Services), ErrorCount: f.ErrorCount,
		Services: ids(f.Services), Partial: true,
	}
	if progress != live.NoProgress {
		out.Progress, out.Estimated = &progress, true
	}
	return out
}

type openFlowList struct {
	Flows []openFlow `json:"flows"`
	pageInfo
	Note string `json:"note,omitempty"`
}

// openFlows answers which flows have begun and are not counted. Without a
// period in the request it is all of them, whatever their clocks say.
func (a *API) openFlows(r *http.Request, p *params, q model.FlowQuery, pages paging) (any, error) {
	if p.text("startTime") == "" {
		q.From = 0
	}
	if p.text("endTime") == "" {
		q.To = 0
	}
	open, err := a.cfg.Open(r.Context())
	if err != nil {
		return nil, err
	}
	page := query.Open(open, q)
	out := openFlowList{
		Flows:    make([]openFlow, len(page.Flows)),
		pageInfo: pageInfo{Total: page.Total, Page: pages.page, PageSize: pages.size, Partial: page.Partial},
	}
	if !a.cfg.OpenKnown {
		out.Note = openNote
	}
	for i, f := range page.Flows {
		out.Flows[i] = openFlowOf(f.OpenFlow, f.Elapsed, live.NoProgress)
	}
	return out, nil
}
