// Package tools finds the programs that tests run beside Flowscope itself, and
// builds them when they are missing, so that a plain go test needs no set-up.
package tools

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

//go:embed pinned.txt
var pinned string // one package@version a line; install.sh reads it too

// Telemetrygen returns the path of OpenTelemetry's load generator:
// $FLOWSCOPE_TELEMETRYGEN when set, else .cache/bin/telemetrygen of the
// repository, which is built first (about a minute) when it is not there.
func Telemetrygen(ctx context.Context) (string, error) {
	if set := os.Getenv("FLOWSCOPE_TELEMETRYGEN"); set != "" {
		return set, nil
	}
	return find(ctx, "telemetrygen")
}

func find(ctx context.Context, name string) (string, error) {
	root, err := moduleRoot(ctx)
	if err != nil {
		return "", err
	}
	bin := filepath.Join(root, ".cache", "bin")
	program := filepath.Join(bin, name)
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	version, err := lookup(name)
	if err != nil {
		return "", err
	}
	install := exec.CommandContext(ctx, "go", "install", version)
	install.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=")
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", version, err, out)
	}
	return program, nil
}

// lookup returns the package and version that pinned.txt has for a program.
func lookup(name string) (string, error) {
	for line := range strings.Lines(pinned) {
		line = strings.TrimSpace(line)
		pkg, _, _ := strings.Cut(line, "@")
		if path.Base(pkg) == name {
			return line, nil
		}
	}
	return "", fmt.Errorf("find %s: it is not in test/tools/pinned.txt", name)
}

func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the module's root: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}
