package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/flowscope/flowscope/flow"
)

type order struct {
	ID    int64  `json:"id"`
	Cents int64  `json:"cents"`
	State string `json:"state"` // open, paid, declined
}

// checkout buys what is in the cart: {"card": "good"}. The card is charged
// between two transactions, since nobody should wait for a payment provider
// with a database locked.
func (s *shop) checkout(_ http.ResponseWriter, r *http.Request) (any, error) {
	ctx := r.Context()
	op := flow.From(ctx)
	op.SetOperation("checkout") // what the customer calls it, whatever the route
	var in struct{ Card string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, fail(http.StatusBadRequest, "the order cannot be read: %v", err)
	}
	cart := cartOf(r)
	placed, err := s.place(ctx, cart)
	if err != nil {
		return nil, err
	}
	op.Set(flow.Int64("order.id", placed.ID), flow.Int64("order.cents", placed.Cents))

	err = s.payments.post(ctx, "charge card", "/charges", map[string]any{"cents": placed.Cents, "card": in.Card})
	if refused, ok := errors.AsType[*refusedError](err); ok && refused.status == http.StatusPaymentRequired {
		if err := s.settle(ctx, &placed, cart, "declined"); err != nil {
			return nil, err
		}
		return nil, fail(http.StatusPaymentRequired, "the card was declined")
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fail(http.StatusGatewayTimeout, "order %d is open: the payment provider does not answer", placed.ID)
	case err != nil:
		return nil, fail(http.StatusBadGateway, "order %d is open: the payment provider has a problem", placed.ID)
	}
	if err := s.settle(ctx, &placed, cart, "paid"); err != nil {
		return nil, err
	}

	// The customer need not wait for this. It is a part of the flow all the same.
	s.after.Add(1)
	flow.Go(ctx, "send receipt", func(ctx context.Context) {
		defer s.after.Done()
		_ = s.mail.post(ctx, "mail receipt", "/messages", placed) // that it failed is in the flow
	})
	return placed, nil
}

// place makes an order of what is in a cart.
func (s *shop) place(ctx context.Context, cart string) (placed order, err error) {
	placed.State = "open"
	err = transact(ctx, s.db, "place order", func(ctx context.Context, tx *sql.Tx) error {
		sums, err := read(ctx, tx, scanSum, "SELECT cart_lines",
			`SELECT sum(quantity * cents) FROM cart_lines JOIN products ON product = id WHERE cart = ?`, cart)
		if err != nil {
			return err
		}
		if !sums[0].Valid {
			return fail(http.StatusConflict, "the cart is empty")
		}
		placed.Cents = sums[0].Int64
		made, err := write(ctx, tx, "INSERT orders",
			`INSERT INTO orders (cart, cents, state) VALUES (?, ?, ?)`, cart, placed.Cents, placed.State)
		if err != nil {
			return err
		}
		if placed.ID, err = made.LastInsertId(); err != nil {
			return err
		}
		_, err = write(ctx, tx, "INSERT order_lines",
			`INSERT INTO order_lines SELECT ?, product, quantity, cents FROM cart_lines JOIN products ON product = id WHERE cart = ?`,
			placed.ID, cart)
		return err
	})
	return placed, err
}

func scanSum(rows *sql.Rows) (sum sql.NullInt64, err error) {
	err = rows.Scan(&sum)
	return sum, err
}

// settle writes down what became of an order. The cart of a paid one is empty.
func (s *shop) settle(ctx context.Context, o *order, cart, state string) error {
	o.State = state
	return transact(ctx, s.db, "settle order", func(ctx context.Context, tx *sql.Tx) error {
		_, err := write(ctx, tx, "UPDATE orders", `UPDATE orders SET state = ? WHERE id = ?`, state, o.ID)
		if err != nil || state != "paid" {
			return err
		}
		_, err = write(ctx, tx, "DELETE cart_lines", `DELETE FROM cart_lines WHERE cart = ?`, cart)
		return err
	})
}
