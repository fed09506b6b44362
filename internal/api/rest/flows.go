package rest

import (
	"context"
	"net/http"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query"
)

type flowList struct {
	Flows []flowInList `json:"flows"`
	pageInfo
}

// flowInList is a flow with its graph, unless graph=false.
type flowInList struct {
	flow
	Nodes *[]node `json:"nodes,omitempty"`
	Edges *[]edge `json:"edges,omitempty"`
}

type flow struct {
	FlowID        string    `json:"flowId"` // a flow is its trace: the same as traceId
	TraceID       string    `json:"traceId"`
	OperationName string    `json:"operationName"`
	Environment   string    `json:"environment"`
	StartTime     timestamp `json:"startTime"`
	EndTime       timestamp `json:"endTime"`
	Duration      int64     `json:"duration"` // ns
	Status        string    `json:"status"`
	RootService   string    `json:"rootService"` // node id, empty without a root
	RootName      string    `json:"rootName"`
	UIEvent       string    `json:"uiEvent,omitempty"`
	User          string    `json:"user,omitempty"`
	SessionID     string    `json:"sessionId,omitempty"`
	SpanCount     uint32    `json:"spanCount"`
	ServiceCount  int       `json:"serviceCount"`
	ErrorCount    uint32    `json:"errorCount"`
	OrphanCount   uint32    `json:"orphanCount"`
	Complete      bool      `json:"complete"` // the root span is there
	Error         string    `json:"error,omitempty"`
	Services      []string  `json:"services"`
}

func flowOf(f *model.FlowSummary) flow {
	return flow{
		FlowID: f.TraceID.String(), TraceID: f.TraceID.String(),
		OperationName: f.Operation, Environment: f.Environment,
		StartTime: timestamp(f.Start), EndTime: timestamp(f.End), Duration: f.Duration,
		Status: f.Status.String(), RootService: f.RootService.ID(), RootName: f.RootName,
		UIEvent: f.UIEvent, User: f.User, SessionID: f.Session,
		SpanCount: f.SpanCount, ServiceCount: len(f.Services),
		ErrorCount: f.ErrorCount, OrphanCount: f.Orphans, Complete: !f.NoRoot,
		Error: f.Error, Services: ids(f.Services),
	}
}

// Pages of flows: every graph on a page means analysing a trace.
const (
	flowPage    = 20
	maxFlowPage = 200
)

// flowFilter reads what selects flows, wherever they are looked for.
func (p *params) flowFilter() model.FlowQuery {
	q := model.FlowQuery{
		Operation: p.text("operation"), Environment: p.text("environment"),
		Service: p.text("service"), Namespace: p.text("namespace"),
		MinDuration: p.duration("minDuration"), MaxDuration: p.duration("maxDuration"),
	}
	if q.MaxDuration > 0 && q.MinDuration > q.MaxDuration {
		p.fail("minDuration", "minDuration is longer than maxDuration")
	}
	return q
}

// flowQuery reads what selects flows, and whether those that are open are
// asked for. It leaves done to the caller.
func (p *params) flowQuery() (q model.FlowQuery, pages paging, open bool) {
	q = p.flowFilter()
	q.ByDuration = p.oneOf("sort", "time", "duration") == 1
	switch i := p.oneOf("status", append(flowStatuses(), statusActive)...); {
	case i == len(flowStatuses()):
		open = true
	case i >= 0:
		status := model.FlowStatus(i)
		q.Status = &status
	}
	period := p.period()
	pages = p.paging(flowPage, maxFlowPage)
	q.From, q.To = period.From, period.To
	q.Offset, q.Limit = pages.offset(), pages.size
	return q, pages, open
}

func pageInfoOf(page *model.FlowPage, pages paging) pageInfo {
	return pageInfo{Total: page.Total, Page: pages.page, PageSize: pages.size, Partial: page.Partial}
}

func (a *API) flows(r *http.Request, p *params) (any, error) {
	if p.oneOf("follow", "true", "false") == 0 {
		return a.followFlows(p)
	}
	q, pages, open := p.flowQuery()
	graphs := p.oneOf("graph", "true", "false") != 1
	if p.text("cursor") != "" {
		p.fail("cursor", "cursor goes with follow=true")
	}
	if err := p.done(); err != nil {
		return nil, err
	}
	if open {
		return a.openFlows(r, p, q, pages)
	}
	found, err := a.cfg.Query.Flows(r.Context(), q, graphs)
	if err != nil {
		return nil, err
	}
	out := flowList{make([]flowInList, len(found.Flows)), pageInfoOf(&found.FlowPage, pages)}
	for i := range found.Flows {
		out.Flows[i] = flowInList{flow: flowOf(&found.Flows[i])}
		if graphs {
			g := graphOf(found.Graphs[i])
			out.Flows[i].Nodes, out.Flows[i].Edges = &g.Nodes, &g.Edges
		}
	}
	return out, nil
}

// traceOf finds the trace that a path names.
func (a *API) traceOf(r *http.Request, name string) (*query.Trace, error) {
	id, err := model.ParseTraceID(r.PathValue(name))
	if err != nil {
		return nil, &Problem{Status: http.StatusBadRequest, Code: "invalid_trace_id", Field: name, Detail: err.Error()}
	}
	return a.cfg.Query.Trace(r.Context(), id)
}

// statusOf is how a flow ended, or that it is not known to have.
func (a *API) statusOf(ctx context.Context, f *model.FlowSummary) (string, error) {
	if a.cfg.Counted == nil {
		return f.Status.String(), nil
	}
	counted, err := a.cfg.Counted(ctx, f.TraceID)
	if err != nil {
		return "", err
	}
	if !counted {
		return statusActive, nil
	}
	return f.Status.String(), nil
}
