package client

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// flowPage is a flow on its way to a screen.
type flowPage struct {
	screen Screen
	flow   *FlowDetail
	whole  time.Duration        // what the bars are scaled to
	parts  map[string][]Segment // of the critical path, by span id
	failed map[string]bool      // span ids
	text   strings.Builder
}

func newFlowPage(screen Screen, f *FlowDetail) *flowPage {
	p := &flowPage{screen: screen, flow: f, whole: max(1, f.Duration), parts: map[string][]Segment{}, failed: map[string]bool{}}
	for i := range f.Steps { // what is asynchronous ends after the flow
		p.whole = max(p.whole, f.Steps[i].Offset+f.Steps[i].Duration)
	}
	for _, s := range f.CriticalPath {
		p.parts[s.SpanID] = append(p.parts[s.SpanID], s)
	}
	for i := range f.Errors {
		p.failed[f.Errors[i].SpanID] = true
	}
	return p
}

func (p *flowPage) line(format string, args ...any) {
	p.text.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " "))
	p.text.WriteByte('\n')
}

// header says what the flow was and how it went.
func (p *flowPage) header() {
	f := p.flow
	p.line("%s  %s  %s  %d services, %d spans, %d failed", p.screen.paint(bold, cell(f.Operation)),
		p.screen.paint(statusStyle(f.Status), cell(f.Status)), rounded(f.Duration), f.ServiceCount, f.SpanCount, f.ErrorCount)
	p.line("flow %s  started %s", cell(f.ID), clock(f.Start))
	for _, about := range [][2]string{
		{"environment", f.Environment}, {"root", strings.TrimSpace(f.RootService + " " + f.RootName)},
		{"event", f.UIEvent}, {"user", f.User}, {"session", f.SessionID}, {"error", f.Error},
	} {
		if about[1] != "" {
			p.line("%s: %s", about[0], cell(about[1]))
		}
	}
	if !f.Complete {
		p.line("incomplete: the root span is not there")
	}
	if f.OrphanCount > 0 {
		p.line("orphans: %d (their parents are not there)", f.OrphanCount)
	}
	p.line("")
}

// maxShares is how many services the critical path names; the rest is added up.
const maxShares = 6

// criticalPath says which services everybody waited for.
func (p *flowPage) criticalPath() {
	shares, total := map[string]time.Duration{}, time.Duration(0)
	for _, s := range p.flow.CriticalPath {
		shares[s.Service] += s.Duration
		total += s.Duration
	}
	if total == 0 {
		return
	}
	names := make([]string, 0, len(shares))
	for name := range shares {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(shares[b], shares[a]), strings.Compare(a, b))
	})
	p.line("")
	p.line("%s", p.screen.paint(bold, "Critical path (marked *)"))
	rest := total
	for i, name := range names {
		if i == maxShares {
			p.line("  %s  %s  %d more", p.share(rest, total), right(rounded(rest).String(), 8), len(names)-i)
			break
		}
		rest -= shares[name]
		p.line("  %s  %s  %s", p.share(shares[name], total), right(rounded(shares[name]).String(), 8), cell(name))
	}
}

// failures lists why spans failed, in the order of the tree.
func (p *flowPage) failures() {
	if len(p.flow.Errors) == 0 {
		return
	}
	p.line("")
	p.line("%s", p.screen.paint(bold, "Errors"))
	for i := range p.flow.Errors {
		e := &p.flow.Errors[i]
		why := e.Message
		if e.Type != "" && e.Type != why {
			why = strings.TrimSuffix(e.Type+": "+why, ": ")
		}
		p.line("  %s %s: %s", cell(e.Service), cell(e.Name), p.screen.paint(red, cell(why)))
	}
}

// share writes a part of a whole in four columns.
func (p *flowPage) share(part, whole time.Duration) string {
	if whole <= 0 {
		return "   -"
	}
	return fmt.Sprintf("%3.0f%%", 100*float64(part)/float64(whole))
}

// right sets a text to the right of a width.
func right(text string, width int) string {
	return strings.Repeat(" ", max(0, width-columns(text))) + text
}
