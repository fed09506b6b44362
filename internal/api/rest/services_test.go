package rest

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/flowscope/flowscope/internal/query"
)

// A service that is known by its resource alone has lists without members.
func TestServiceWithoutFlows(t *testing.T) {
	body, err := json.Marshal(serviceOf(query.ServiceDetail{Versions: []string{}}))
	if err != nil || bytes.Contains(body, []byte("null")) {
		t.Errorf("%s, %v", body, err)
	}
}
