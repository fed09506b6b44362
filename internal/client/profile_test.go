package client

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/flowscope/flowscope/internal/analyze/compare"
)

func someProfile() *compare.Profile {
	return &compare.Profile{Format: compare.Format, Version: compare.FormatVersion, Operations: []compare.Operation{}}
}

func TestWriteProfile(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "base.json"), filepath.Join(dir, "link.json")
	if err := os.Symlink("base.json", link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, link, path} {
		if err := WriteProfile(name, someProfile()); err != nil {
			t.Error(err)
		}
		if _, err := ReadProfile(path); err != nil {
			t.Error(err)
		}
	}
	if to, err := os.Readlink(link); err != nil || to != "base.json" {
		t.Errorf("the link leads to %q: %v", to, err)
	}
	if err := WriteProfile(dir, someProfile()); err == nil {
		t.Error("a directory was written")
	}
	if err := WriteProfile(filepath.Join(dir, "none", "base.json"), someProfile()); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 2 {
		t.Errorf("%v is left, %v", files, err)
	}
}
