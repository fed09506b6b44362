package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"

	_ "modernc.org/sqlite" // the driver, in Go

	"github.com/flowscope/flowscope/flow"
)

const schema = `
CREATE TABLE IF NOT EXISTS products (
	id INTEGER PRIMARY KEY, name TEXT NOT NULL, cents INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS cart_lines (
	cart TEXT NOT NULL, product INTEGER NOT NULL REFERENCES products, quantity INTEGER NOT NULL,
	PRIMARY KEY (cart, product));
CREATE TABLE IF NOT EXISTS orders (
	id INTEGER PRIMARY KEY, cart TEXT NOT NULL, cents INTEGER NOT NULL, state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS order_lines (
	"order" INTEGER NOT NULL REFERENCES orders, product INTEGER NOT NULL REFERENCES products,
	quantity INTEGER NOT NULL, cents INTEGER NOT NULL);
INSERT OR IGNORE INTO products VALUES
	(1, 'Espresso cup', 900), (2, 'Moka pot', 3400), (3, 'Hand grinder', 7900), (4, 'Pour-over kettle', 5900),
	(5, 'Scale', 2900), (6, 'Paper filters', 450), (7, 'House blend, 1 kg', 2200), (8, 'Milk jug', 1650);
`

// openStore opens the database and makes what is missing in it. Readers do not
// wait for the one that writes (WAL); writers wait for each other.
func openStore(ctx context.Context, file string) (*sql.DB, error) {
	source := url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath(), RawQuery: url.Values{
		"_pragma": {"journal_mode(WAL)", "busy_timeout(5000)", "foreign_keys(ON)", "synchronous(NORMAL)"},
		"_txlock": {"immediate"},
	}.Encode()}
	db, err := sql.Open("sqlite", source.String())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", file, err)
	}
	if _, err := db.ExecContext(ctx, schema); err != nil {
		db.Close() //nolint:errcheck // the first error says why
		return nil, fmt.Errorf("open %s: %w", file, err)
	}
	return db, nil
}

// querier runs statements: the database, or a transaction of it.
type querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error)
}

// statement begins the operation of one statement. db.system.name makes it a
// call to a database in the flow graph. Its text goes along without the values
// it runs with: those are the customers'.
func statement(ctx context.Context, summary, text string) (context.Context, *flow.Op) {
	return flow.Start(ctx, summary,
		flow.String("db.system.name", "sqlite"),
		flow.String("db.namespace", "shop"),
		flow.String("db.query.text", text))
}

// read runs a statement and scans its rows.
func read[T any](ctx context.Context, q querier, scan func(*sql.Rows) (T, error), summary, text string, args ...any) (all []T, err error) {
	ctx, op := statement(ctx, summary, text)
	defer op.End()
	defer func() { op.Fail(err) }()
	rows, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", summary, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err says what went wrong
	all = []T{}
	for rows.Next() {
		row, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", summary, err)
		}
		all = append(all, row)
	}
	op.Set(flow.Int("db.response.returned_rows", len(all)))
	return all, rows.Err()
}

// write runs a statement that changes something.
func write(ctx context.Context, q querier, summary, text string, args ...any) (result sql.Result, err error) {
	ctx, op := statement(ctx, summary, text)
	defer op.End()
	defer func() { op.Fail(err) }()
	if result, err = q.ExecContext(ctx, text, args...); err != nil {
		return nil, fmt.Errorf("%s: %w", summary, err)
	}
	return result, nil
}

// transact runs f within a transaction, which is an operation around f's
// statements.
func transact(ctx context.Context, db *sql.DB, name string, f func(ctx context.Context, tx *sql.Tx) error) (err error) {
	ctx, op := flow.Start(ctx, name)
	defer op.End()
	defer func() { op.Fail(err) }()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit there is nothing to roll back
	if err := f(ctx, tx); err != nil {
		return err
	}
	return commit(ctx, tx)
}

// commit is a statement, too: it is the one that waits for the disk.
func commit(ctx context.Context, tx *sql.Tx) error {
	_, op := statement(ctx, "COMMIT", "COMMIT")
	defer op.End()
	err := tx.Commit()
	op.Fail(err)
	return err
}
