// Package inprocess shows the flows that a process records of itself: the
// dashboard, the answers of the REST API that it is fed by, and a few plain
// endpoints for curl. It sees the recorder through Source, and brings nothing
// from outside the standard library.
//
//	view := inprocess.NewView(source)
//	mux.Handle("GET /debug/flow/", inprocess.New(view, inprocess.Config{}))
//
// # Where answers come from
//
// Flows that are kept are read from the recorder's history when somebody asks,
// decoded and analysed by the code that the server analyses traces with. What
// is said of many flows is counted from every flow that ends, kept or not, a
// quarter of a second later and only while flows end: Rollups by the minute,
// for six hours. At most 2,000 flows a second are analysed. Beyond that counts
// and latencies stay exact, they are corrected from the recorder's own statistics,
// and the calls in graphs are those of the flows that were analysed. A flow is a
// trace: what comes back to the process, or ends late, corrects what was counted,
// while the flow is one of the last 512.
//
// # Who may look
//
// Unless Config.Guard says otherwise only programs on the same machine, that
// ask it by a loopback name and not through a proxy.
package inprocess
