package inprocess

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/flowscope/flowscope/internal/api/rest"
	"github.com/flowscope/flowscope/internal/model"
)

// defaultFlows is how many flows are answered when nobody says.
const defaultFlows = 50

// flows answers with the newest flows, or with every flow that is kept from now
// on, a line each.
func (v *View) flows(w http.ResponseWriter, r *http.Request) {
	values, err := parameters(r, "limit", "follow")
	if err != nil {
		rest.WriteProblem(w, r, err)
		return
	}
	limit := defaultFlows
	if values.Has("limit") {
		if limit, err = strconv.Atoi(values.Get("limit")); err != nil || limit < 1 {
			rest.WriteProblem(w, r, rest.BadParameter("limit", fmt.Sprintf("limit is %q, not a whole number from 1", values.Get("limit"))))
			return
		}
	}
	switch follow := values.Get("follow"); {
	case !values.Has("follow") || follow == "false":
		v.newest(w, r, limit)
	case follow != "true":
		rest.WriteProblem(w, r, rest.BadParameter("follow", fmt.Sprintf("follow is %q, not true or false", follow)))
	case values.Has("limit"):
		rest.WriteProblem(w, r, rest.BadParameter("limit", "limit is for what there is already; it does not go with follow"))
	default:
		v.follow(w, r)
	}
}

func (v *View) newest(w http.ResponseWriter, r *http.Request, limit int) {
	list := []*execution{}
	err := locked(r.Context(), v.kept, func() error {
		v.kept.sync()
		seen := map[model.TraceID]bool{}
		for i := len(v.kept.records) - 1; i >= 0 && len(list) < limit; i-- {
			id := v.kept.records[i].id
			if seen[id] {
				continue
			}
			seen[id] = true
			if t, err := v.kept.trace(id); err == nil {
				list = append(list, executionOf(t))
			}
		}
		return nil
	})
	if err != nil {
		rest.WriteProblem(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	rest.WriteJSON(w, http.StatusOK, map[string]any{"flows": list, "count": len(list), "limit": limit})
}

func (v *View) follow(w http.ResponseWriter, r *http.Request) {
	_, next := v.source.Bounds()
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	out := &lines{json.NewEncoder(w), http.NewResponseController(w)}
	for out.control.Flush() == nil && v.source.WaitKept(r.Context(), next) == nil && out.extend() == nil {
		records, after, missed := v.source.Kept(next)
		next = after
		if missed > 0 && out.Encode(map[string]any{"type": "dropped", "count": missed}) != nil {
			return
		}
		for _, record := range records {
			b := batchOf(v.source, record)
			if b != nil && out.Encode(executionOf(traceOf(b.TraceIDs[0], b))) != nil {
				return
			}
		}
	}
}

// lines is where JSON lines go.
type lines struct {
	*json.Encoder
	control *http.ResponseController
}

// extend gives the client the usual time to take what comes.
func (l *lines) extend() error {
	err := l.control.SetWriteDeadline(time.Now().Add(rest.SendTimeout))
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}
