package main

import (
	"encoding/json"
	"net/http"
	"time"
)

// otherCompanies stands for the services of others. They send no flows, so
// the shop's graph has them as what it called.
func otherCompanies() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /payments/charges", charge)
	mux.HandleFunc("POST /mail/messages", func(w http.ResponseWriter, r *http.Request) {
		work(w, r, 60*time.Millisecond, http.StatusAccepted)
	})
	return mux
}

// charge knows no cards but those for tests: who pays says what happens.
func charge(w http.ResponseWriter, r *http.Request) {
	var in struct{ Card string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	switch in.Card {
	case "good":
		work(w, r, 40*time.Millisecond, http.StatusCreated)
	case "slow":
		work(w, r, 600*time.Millisecond, http.StatusCreated)
	case "stuck":
		work(w, r, time.Minute, http.StatusCreated)
	default:
		work(w, r, 15*time.Millisecond, http.StatusPaymentRequired)
	}
}

// work answers after a while, if the caller still waits.
func work(w http.ResponseWriter, r *http.Request, takes time.Duration, status int) {
	done := time.NewTimer(takes)
	defer done.Stop()
	select {
	case <-done.C:
		w.WriteHeader(status)
	case <-r.Context().Done():
	}
}
