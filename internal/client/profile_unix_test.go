//go:build unix

package client

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/flowscope/flowscope/internal/analyze/compare"
)

// A pipe, like /dev/stdout, is written to and stays one.
func TestWriteProfileToPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	read := make(chan []byte)
	go func() {
		defer close(read)
		pipe, err := os.Open(path)
		if err != nil {
			return
		}
		defer pipe.Close()
		body, _ := io.ReadAll(pipe) // what came is looked at
		read <- body
	}()
	if err := WriteProfile(path, someProfile()); err != nil {
		t.Fatal(err)
	}
	if _, err := compare.Read(<-read); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		t.Errorf("%v, %v", info, err)
	}
}
