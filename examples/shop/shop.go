package main

import (
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"

	"github.com/flowscope/flowscope/flow"
)

// shop answers the customers' requests.
type shop struct {
	db             *sql.DB
	payments, mail *partner
	after          sync.WaitGroup // what goes on after an answer
}

// newShop returns the shop over a database. Its partners are below one URL.
func newShop(db *sql.DB, partners string) *shop {
	return &shop{db: db, payments: newPartner("payments", partners+"/payments"), mail: newPartner("mail", partners+"/mail")}
}

// routes is where the shop answers. Flows are named by these patterns.
func (s *shop) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("GET /products", handler(s.products))
	mux.Handle("GET /products/{id}", handler(s.product))
	mux.Handle("POST /cart/{id}", handler(s.putInCart))
	mux.Handle("POST /checkout", handler(s.checkout))
	return mux
}

// handler is what answers a request: with a value that becomes JSON, or an error.
type handler func(w http.ResponseWriter, r *http.Request) (any, error)

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status := http.StatusOK
	answer, err := h(w, r)
	if err != nil {
		told, ok := errors.AsType[*statusError](err)
		if !ok { // a fault of the shop: what it is, is not the customer's business
			told = &statusError{http.StatusInternalServerError, "something went wrong"}
		}
		status, answer = told.status, map[string]string{"error": told.message}
	}
	if status >= http.StatusInternalServerError {
		flow.From(r.Context()).Fail(err) // the flow says why
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // it fails when the customer has left
}

// statusError is an error that the customer is told.
type statusError struct {
	status  int
	message string
}

func (e *statusError) Error() string { return e.message }

func fail(status int, format string, args ...any) error {
	return &statusError{status, fmt.Sprintf(format, args...)}
}

type product struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Cents int64  `json:"cents"`
}

func scanProduct(rows *sql.Rows) (p product, err error) {
	err = rows.Scan(&p.ID, &p.Name, &p.Cents)
	return p, err
}

func (s *shop) products(_ http.ResponseWriter, r *http.Request) (any, error) {
	return read(r.Context(), s.db, scanProduct, "SELECT products",
		`SELECT id, name, cents FROM products ORDER BY name`)
}

func (s *shop) product(_ http.ResponseWriter, r *http.Request) (any, error) { return s.asked(r) }

// asked is the product whose id is in the request's path.
func (s *shop) asked(r *http.Request) (product, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return product{}, fail(http.StatusBadRequest, "a product's id is a number")
	}
	found, err := read(r.Context(), s.db, scanProduct, "SELECT product",
		`SELECT id, name, cents FROM products WHERE id = ?`, id)
	switch {
	case err != nil:
		return product{}, err
	case len(found) == 0:
		return product{}, fail(http.StatusNotFound, "there is no product %d", id)
	}
	return found[0], nil
}

// putInCart adds one of a product to the customer's cart, whose id is a cookie.
func (s *shop) putInCart(w http.ResponseWriter, r *http.Request) (any, error) {
	chosen, err := s.asked(r)
	if err != nil {
		return nil, err
	}
	cart := cartOf(r)
	if cart == "" {
		cart = rand.Text()
		http.SetCookie(w, &http.Cookie{Name: cartCookie, Value: cart, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	_, err = write(r.Context(), s.db, "UPSERT cart_lines",
		`INSERT INTO cart_lines VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET quantity = quantity + 1`, cart, chosen.ID)
	return chosen, err
}

const cartCookie = "cart"

// cartOf is the id of the customer's cart, empty without one.
func cartOf(r *http.Request) string {
	cookie, err := r.Cookie(cartCookie)
	if err != nil {
		return ""
	}
	return cookie.Value
}
