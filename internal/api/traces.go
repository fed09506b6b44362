package api

import (
	"net/http"

	"github.com/flowscope/flowscope/internal/model"
)

type traceList struct {
	Traces []traceInList `json:"traces"`
	pageInfo
}

type traceInList struct {
	TraceID       string    `json:"traceId"`
	OperationName string    `json:"operationName"`
	Environment   string    `json:"environment"`
	StartTime     timestamp `json:"startTime"`
	Duration      int64     `json:"duration"` // ns
	Status        string    `json:"status"`
	SpanCount     uint32    `json:"spanCount"`
	ServiceCount  int       `json:"serviceCount"`
	ErrorCount    uint32    `json:"errorCount"`
	RootService   string    `json:"rootService"` // node id, empty without a root
	RootName      string    `json:"rootName"`
}

func (s *server) traces(r *http.Request, p *params) (any, error) {
	q, pages := p.flowQuery()
	if err := p.done(); err != nil {
		return nil, err
	}
	found, err := s.Query.Flows(r.Context(), q, false)
	if err != nil {
		return nil, err
	}
	out := traceList{make([]traceInList, len(found.Flows)), pageInfoOf(&found.FlowPage, pages)}
	for i := range found.Flows {
		out.Traces[i] = traceInListOf(&found.Flows[i])
	}
	return out, nil
}

func traceInListOf(f *model.FlowSummary) traceInList {
	return traceInList{
		TraceID: f.TraceID.String(), OperationName: f.Operation, Environment: f.Environment,
		StartTime: timestamp(f.Start), Duration: f.Duration, Status: f.Status.String(),
		SpanCount: f.SpanCount, ServiceCount: len(f.Services), ErrorCount: f.ErrorCount,
		RootService: f.RootService.ID(), RootName: f.RootName,
	}
}
