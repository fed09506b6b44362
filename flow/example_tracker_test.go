package flow_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/flowscope/flowscope/flow"
)

// users is a service that looks people up, and remembers whom it found.
type users struct{ names map[string]string }

func (u *users) find(ctx context.Context, id string) (name string, err error) {
	op := flow.StartOperation(ctx, "users.find")
	defer op.End(nil)
	op.SetMetadata("user_id", id)

	query := flow.StartOperation(op.Context(), "database.query")
	name, found := u.names[id]
	if !found {
		err = errors.New("no such user")
	}
	query.End(err)
	if err != nil {
		op.End(err) // the deferred End changes nothing any more
		return "", err
	}

	remember := flow.StartOperation(op.Context(), "cache.set")
	remember.End(nil)
	return name, nil
}

// A service with the tracker's own words: the middleware around its mux, operations
// where something is worth seeing, and the dashboard at /debug/flow.
func ExampleRegisterHandlers() {
	flow.SetDefault(flow.New(flow.WithService("users")))
	service := &users{names: map[string]string{"7": "Ada"}}
	mux := http.NewServeMux()
	flow.RegisterHandlers(mux)
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, r *http.Request) {
		name, err := service.find(r.Context(), r.PathValue("id"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, name)
	})
	server := httptest.NewServer(flow.HTTPMiddleware(mux))
	defer server.Close()

	fmt.Println(read(server, "/users/7"))
	fmt.Println(read(server, "/users/8"))
	var seen struct{ Flows []operation }
	if err := json.Unmarshal([]byte(read(server, "/debug/flow/flows")), &seen); err != nil {
		fmt.Println(err)
	}
	for _, f := range seen.Flows {
		f.Operations[0].print("")
	}
	// Output:
	// Ada
	// no such user
	// GET /users/{id}: GET /users/{id} failed
	//   users.find: no such user
	//     database.query: no such user
	// GET /users/{id}
	//   users.find
	//     database.query
	//     cache.set
}

// operation is one as /debug/flow/flows answers it.
type operation struct {
	Name, Error          string
	Operations, Children []operation
}

func (o operation) print(indent string) {
	fmt.Println(strings.TrimSuffix(indent+o.Name+": "+o.Error, ": "))
	for _, c := range o.Children {
		c.print(indent + "  ")
	}
}

func read(server *httptest.Server, path string) string {
	got, err := server.Client().Get(server.URL + path)
	if err != nil {
		return err.Error()
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text))
}
