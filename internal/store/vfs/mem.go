package vfs

import (
	"io"
	"io/fs"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Mem is a filesystem in memory that remembers what of it is durable, so that
// a test can lose power. The zero value is not ready to use; NewMem is.
type Mem struct {
	mu    *sync.Mutex // one for the tree and all files in it
	root  *node
	locks map[string]bool
}

var _ FS = (*Mem)(nil)

// node is a file or a directory. The durable fields are what a crash leaves.
type node struct {
	dir      bool
	children map[string]*node
	names    map[string]*node // children as of the last SyncDir
	data     []byte
	synced   []byte // data as of the last Sync
	cut      bool   // synced is no longer a prefix of data
}

func newDir() *node {
	return &node{dir: true, children: map[string]*node{}, names: map[string]*node{}}
}

// NewMem returns an empty filesystem.
func NewMem() *Mem {
	return &Mem{mu: new(sync.Mutex), root: newDir(), locks: map[string]bool{}}
}

// Crash returns what is left after the power failed: of every file the content
// last synced, of every directory the names last synced. With a random source
// what was not synced is not always lost: a name may have got through, and a
// file that grew may keep any prefix of its new bytes, the last of them torn, or
// all of its new length with some pages never written.
func (m *Mem) Crash(random *rand.Rand) *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	after := NewMem()
	after.root = m.root.crashed(random)
	return after
}

func (n *node) crashed(random *rand.Rand) *node {
	if !n.dir {
		data := n.crashedData(random)
		return &node{data: data, synced: slices.Clone(data)}
	}
	out := newDir()
	for name, child := range n.crashedNames(random) {
		out.children[name] = child.crashed(random)
	}
	out.names = maps.Clone(out.children)
	return out
}

func (n *node) crashedData(random *rand.Rand) []byte {
	data := slices.Clone(n.synced)
	if random == nil || len(n.data) <= len(n.synced) {
		return data
	}
	kept := random.IntN(len(n.data) - len(n.synced) + 1)
	if random.IntN(3) == 0 {
		return append(data, withHoles(n.data[len(n.synced):], random)...)
	}
	data = append(data, n.data[len(n.synced):len(n.synced)+kept]...)
	if kept > 0 && random.IntN(2) == 0 {
		data[len(data)-1] ^= 0xff
	}
	return data
}

// withHoles is a copy of what was written with some of its pages missing.
func withHoles(p []byte, random *rand.Rand) []byte {
	const page = 512 // a disk's sector; a page of memory is some of them
	p = slices.Clone(p)
	for part := range slices.Chunk(p, page) {
		if random.IntN(2) == 0 {
			clear(part)
		}
	}
	return p
}

func (n *node) crashedNames(random *rand.Rand) map[string]*node {
	names := maps.Clone(n.names)
	if random == nil {
		return names
	}
	for _, name := range slices.Sorted(maps.Keys(n.children)) {
		if random.IntN(2) == 0 {
			names[name] = n.children[name]
		}
	}
	for _, name := range slices.Sorted(maps.Keys(n.names)) {
		if n.children[name] == nil && random.IntN(2) == 0 {
			delete(names, name)
		}
	}
	return names
}

// find returns the node of a name, nil when there is none.
func (m *Mem) find(name string) *node {
	n := m.root
	for _, part := range split(name) {
		if n == nil || !n.dir {
			return nil
		}
		n = n.children[part]
	}
	return n
}

// parent returns the directory that holds name, nil when there is none.
func (m *Mem) parent(name string) (*node, string) {
	d := m.find(filepath.Dir(name))
	if d == nil || !d.dir {
		return nil, ""
	}
	return d, filepath.Base(name)
}

func split(name string) []string {
	clean := strings.Trim(filepath.ToSlash(filepath.Clean(name)), "/")
	if clean == "." || clean == "" {
		return nil
	}
	return strings.Split(clean, "/")
}

func fail(op, name string, err error) error { return &fs.PathError{Op: op, Path: name, Err: err} }

// Create implements FS.
func (m *Mem) Create(name string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, base := m.parent(name)
	switch {
	case d == nil:
		return nil, fail("create", name, fs.ErrNotExist)
	case d.children[base] != nil:
		return nil, fail("create", name, fs.ErrExist)
	}
	n := &node{}
	d.children[base] = n
	return &memFile{mu: m.mu, n: n}, nil
}

// OpenAppend implements FS.
func (m *Mem) OpenAppend(name string) (File, error) { return m.open(name, false) }

// Open implements FS.
func (m *Mem) Open(name string) (File, error) { return m.open(name, true) }

func (m *Mem) open(name string, readOnly bool) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.find(name)
	if n == nil || n.dir {
		return nil, fail("open", name, fs.ErrNotExist)
	}
	return &memFile{mu: m.mu, n: n, readOnly: readOnly}, nil
}

// Rename implements FS.
func (m *Mem) Rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	fromDir, fromBase := m.parent(from)
	toDir, toBase := m.parent(to)
	switch {
	case fromDir == nil || toDir == nil || fromDir.children[fromBase] == nil:
		return fail("rename", from, fs.ErrNotExist)
	case toDir.children[toBase] != nil:
		return fail("rename", to, fs.ErrExist)
	}
	toDir.children[toBase] = fromDir.children[fromBase]
	delete(fromDir.children, fromBase)
	return nil
}

// Remove implements FS.
func (m *Mem) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, base := m.parent(name)
	switch {
	case d == nil || d.children[base] == nil:
		return fail("remove", name, fs.ErrNotExist)
	case len(d.children[base].children) > 0:
		return fail("remove", name, fs.ErrExist)
	}
	delete(d.children, base)
	return nil
}

// RemoveAll implements FS.
func (m *Mem) RemoveAll(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if d, base := m.parent(name); d != nil {
		delete(d.children, base)
	}
	return nil
}

// MkdirAll implements FS. As on a disk, the new names are not durable until
// their directories are synced.
func (m *Mem) MkdirAll(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.root
	for _, part := range split(name) {
		if n.children[part] == nil {
			n.children[part] = newDir()
		}
		if n = n.children[part]; !n.dir {
			return fail("mkdir", name, fs.ErrExist)
		}
	}
	return nil
}

// ReadDir implements FS.
func (m *Mem) ReadDir(name string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.find(name)
	if n == nil || !n.dir {
		return nil, fail("readdir", name, fs.ErrNotExist)
	}
	return slices.Sorted(maps.Keys(n.children)), nil
}

// SyncDir implements FS.
func (m *Mem) SyncDir(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.find(name)
	if n == nil || !n.dir {
		return fail("syncdir", name, fs.ErrNotExist)
	}
	n.names = maps.Clone(n.children)
	return nil
}

// Free implements FS. Memory is not bounded here; Fault.Space does that.
func (m *Mem) Free(string) (int64, error) { return math.MaxInt64, nil }

// Lock implements FS.
func (m *Mem) Lock(name string) (io.Closer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.locks[name] {
		return nil, ErrLocked
	}
	m.locks[name] = true
	return unlocker(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.locks, name)
	}), nil
}

type unlocker func()

func (u unlocker) Close() error {
	u()
	return nil
}
