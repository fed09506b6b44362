package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// demoOperations are what the simulated users do.
var demoOperations = []string{"login", "browse", "view_product", "add_to_cart", "checkout", "create_vm", "attach_volume", "delete_vm"}

// TestDemo runs the demo for a while and holds its summary to what it showed.
func TestDemo(t *testing.T) {
	var out bytes.Buffer
	p := startDemo(t, &out, "--duration=12s", "--rate=20")
	p.eventually("all services and operations seen", func() error {
		var services struct {
			Services []struct{ Name string }
		}
		var operations struct {
			Operations []struct{ Name string }
		}
		if err := p.getJSON("/api/v1/services", &services); err != nil {
			return err
		}
		if err := p.getJSON("/api/v1/operations", &operations); err != nil {
			return err
		}
		seen := map[string]bool{}
		for _, op := range operations.Operations {
			seen[op.Name] = true
		}
		for _, op := range demoOperations {
			if !seen[op] {
				return fmt.Errorf("operation %s not seen in %v", op, seen)
			}
		}
		if len(services.Services) < 14 {
			return fmt.Errorf("%d services", len(services.Services))
		}
		return nil
	})
	<-p.done
	if p.state != nil {
		t.Fatalf("demo ended with %v\n%s", p.state, out.String())
	}
	summary := regexp.MustCompile(`(?s)flows sent\s+(\d+).*flows seen\s+(\d+).*spans sent\s+(\d+).*spans stored\s+(\d+)`).FindStringSubmatch(out.String())
	if summary == nil {
		t.Fatalf("no summary in\n%s", out.String())
	}
	if summary[1] != summary[2] || summary[3] != summary[4] || summary[1] == "0" {
		t.Errorf("flows %s sent, %s seen; spans %s sent, %s stored", summary[1], summary[2], summary[3], summary[4])
	}
}

// TestDashboard opens the dashboard over a running demo in real Chromium.
func TestDashboard(t *testing.T) {
	p := startDemo(t, nil, "--rate=20")
	p.eventually("flows listed", func() error {
		var flows struct{ Total int }
		err := p.getJSON("/api/v1/flows?operation=checkout", &flows)
		if err == nil && flows.Total == 0 {
			err = fmt.Errorf("no checkout yet")
		}
		return err
	})
	web, err := filepath.Abs(filepath.Join("..", "..", "web"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(web, "node_modules")); err != nil {
		install := exec.Command("npm", "ci", "--no-audit", "--no-fund")
		install.Dir = web
		if out, err := install.CombinedOutput(); err != nil {
			t.Fatalf("npm ci: %v\n%s", err, out)
		}
	}
	browser := exec.Command("npm", append([]string{"run", "test:browser", "--"}, anyServer(t, web)...)...)
	browser.Dir = web
	browser.Env = append(os.Environ(), "FLOWSCOPE_URL="+p.api)
	out, err := browser.CombinedOutput()
	if err != nil {
		t.Fatalf("browser test: %v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// anyServer is the browser tests that take FLOWSCOPE_URL for their server. The
// others have one of their own, and are run once, by themselves.
func anyServer(t *testing.T, web string) (files []string) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(web, "test", "browser", "*.test.ts"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range all {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte(" serve()")) {
			files = append(files, filepath.Base(file))
		}
	}
	if len(files) == 0 {
		t.Fatal("no browser test takes a server")
	}
	return files
}

// startDemo runs the demo on free ports; what it prints goes to out.
func startDemo(t *testing.T, out *bytes.Buffer, args ...string) *process {
	t.Helper()
	return startWith(t, out, append([]string{"demo"}, args...)...)
}
