package block

import (
	"errors"

	"github.com/parquet-go/parquet-go"
)

// rollupColumns are the columns of some rows of rollups, as arrays: a query adds
// up tens of thousands of rows, which is too many to make a value of each.
type rollupColumns struct {
	entry, operation, environment                    dictColumn
	fromKind, fromSpace, fromName                    dictColumn
	toKind, toSpace, toName                          dictColumn
	bucket, count, failed, timeouts, retries, breaks numberColumn
	self, critical, lastSeen                         numberColumn
	sketches                                         bytesColumn

	// width is there in rollups_coarse.parquet; elsewhere all buckets are minutes.
	width  dictColumn
	coarse bool
}

// column reads a column of rows into an array.
type column interface {
	open(group parquet.RowGroup, path []string) error
	load(rows rowRange) error
	close() error
}

// place is a column and where it is in the schema.
type place struct {
	column
	path []string
}

func (c *rollupColumns) places() []place {
	places := []place{
		{&c.bucket, []string{"bucket_unix_nano"}},
		{&c.entry, []string{"entry"}}, {&c.operation, []string{"operation"}},
		{&c.environment, []string{"deployment_environment"}},
		{&c.fromKind, []string{"from", "kind"}}, {&c.fromSpace, []string{"from", "namespace"}}, {&c.fromName, []string{"from", "name"}},
		{&c.toKind, []string{"to", "kind"}}, {&c.toSpace, []string{"to", "namespace"}}, {&c.toName, []string{"to", "name"}},
		{&c.count, []string{"count"}}, {&c.failed, []string{"errors"}}, {&c.timeouts, []string{"timeouts"}},
		{&c.retries, []string{"retries"}}, {&c.breaks, []string{"breaks"}},
		{&c.self, []string{"self_nano"}}, {&c.critical, []string{"critical_nano"}},
		{&c.lastSeen, []string{"last_seen_unix_nano"}}, {&c.sketches, []string{"sketch"}},
	}
	if c.coarse {
		places = append(places, place{&c.width, []string{"width_nano"}})
	}
	return places
}

// widthOf is the width of row i's bucket, ns.
func (c *rollupColumns) widthOf(i int) int64 {
	if !c.coarse {
		return minuteTier
	}
	return c.width.value(i).Int64()
}

// open turns to a row group. What was loaded before is gone; its memory is used
// again.
func (c *rollupColumns) open(group parquet.RowGroup, coarse bool) error {
	c.coarse = coarse
	for _, p := range c.places() {
		if err := p.open(group, p.path); err != nil {
			return err
		}
	}
	return nil
}

// close closes what is open.
func (c *rollupColumns) close() error {
	var errs []error
	for _, p := range c.places() {
		errs = append(errs, p.close())
	}
	return errors.Join(errs...)
}

func (c *rollupColumns) load(rows rowRange) error {
	for _, p := range c.places() {
		if err := p.load(rows); err != nil {
			return err
		}
	}
	return nil
}

// addCounts adds the counts of row i.
func (c *rollupColumns) addCounts(i int, to *entrySum) {
	to.count += c.count.values[i]
	to.errors += c.failed.values[i]
	to.timeouts += c.timeouts.values[i]
	to.retries += c.retries.values[i]
	to.breaks += c.breaks.values[i]
	to.self += c.self.values[i]
	to.critical += c.critical.values[i]
	to.lastSeen = max(to.lastSeen, c.lastSeen.values[i])
}
