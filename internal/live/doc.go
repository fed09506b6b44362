// Package live tells followers what happens to flows now: that one began, that
// more of it is known, that it was counted.
//
//	h := live.New(live.Config{})
//	a := assemble.New(..., store.PutFlow, h.Complete)
//	a.ShowTo(h)
//
//	f, err := h.Follow()
//	f.Subscribe("1", live.Filter{Operation: "login"}, cursor)
//	page, err := f.Next(ctx)
//
// The assembler's goroutine publishes into a ring. While nobody follows, and
// nobody has for a minute, publishing is one atomic load. Each follower reads
// the ring by itself, through its own filters, so that a slow one costs the
// publisher nothing and takes no memory: what the ring has overwritten it is
// told of as dropped, and goes on with the newest.
//
// # Limits
//
// The ring holds Config.Events events of at most Config.Bytes. At most 1,000
// new traces a second are shown as they grow; every counted flow is published.
// A follower looks into the ring every 20 ms, more rarely when there are more
// than 50, and takes the newest that match when more match than all followers
// together may be given, 10,000 a second; one that weighs more is given fewer,
// and each may be given its share of a second at once. What that leaves out is
// counted as dropped and told once a second at most.
//
// Events of a batch that differ in nothing but their duration are a group, and
// a follower asks of a group once whether it matches: its cost grows with the
// kinds of flows, not with their number. This is also how the events that are
// not given are counted exactly. The count is never too low; it is too high
// when events were overtaken (nobody knows any more what they were), when new
// traces were too many to be shown (nobody knows yet what they will be), and
// when flows are of so many kinds that not all groups could be asked.
package live
