package store_test

import (
	"log/slog"
	"testing"

	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/store/storetest"
)

var _ storetest.Store = (*store.Store)(nil)

func TestContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, o storetest.Options) storetest.Store {
		t.Helper()
		s, err := store.Open(store.Config{
			Dir: o.Dir, Retention: store.Retention{Age: o.RetentionAge, Bytes: o.RetentionBytes}, Now: o.Now,
			Logger: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Start(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		return s
	})
}
