// Package flowhttp shows the flows of a process over HTTP: the Flowscope
// dashboard, and endpoints for curl and for Prometheus, with nothing but the
// standard library.
//
//	mux.Handle("GET /debug/flow/", flowhttp.Handler(flow.Default()))
//
// It works below any prefix and with any router. With http.ServeMux and
// http.StripPrefix it finds out where it is; with others, and behind a proxy
// that changes paths, WithPrefix says so.
//
// # Who may look
//
// Unless an option says otherwise, only programs on the same machine that ask
// by a loopback name and not through a proxy. WithToken, WithClientCertificate
// and WithGuard let others in.
//
// # What is there
//
//	(prefix)/               the dashboard, in a browser
//	(prefix)/stats          the recorder and the runtime at a glance
//	(prefix)/operations     what the operations of each name did
//	(prefix)/flows?limit=   the newest flows as trees; ?follow=true every new one, a line each
//	(prefix)/flows/{id}     one flow
//	(prefix)/active         what runs
//	(prefix)/dependencies   which operations call which
//	(prefix)/health         what is wrong, if anything
//	(prefix)/metrics        Prometheus text format
//	(prefix)/api/v1/...     what feeds the dashboard: flows, traces, operations, graphs, as flowscope serve answers it
//
// Requests of the dashboard are not recorded, even when the middleware is around it.
package flowhttp
