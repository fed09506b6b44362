package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

type cli struct {
	Serve struct {
		Config kong.ConfigFlag
		Serve  `embed:""`
	} `cmd:""`
	Load struct{ Spans int } `cmd:""`
}

func parse(t *testing.T, yaml string, args ...string) (Serve, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "flowscope.yaml")
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	var c cli
	parser, err := kong.New(&c, kong.Configuration(File))
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(append([]string{"serve", "--config", path}, args...))
	return c.Serve.Serve, err
}

func TestPrecedence(t *testing.T) {
	t.Setenv("FLOWSCOPE_OTLP_GRPC", "127.0.0.1:2")
	t.Setenv("FLOWSCOPE_OTLP_HTTP", "127.0.0.1:2")
	got, err := parse(t, "otlp-grpc: 127.0.0.1:1\notlp-http: 127.0.0.1:1\ndata: from-file\nhttp: 127.0.0.1:1\n",
		"--otlp-http", "127.0.0.1:3", "--http=127.0.0.1:3")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ got, want string }{
		"flag over environment": {got.OTLPHTTP, "127.0.0.1:3"},
		"environment over file": {got.OTLPGRPC, "127.0.0.1:2"},
		"flag over file":        {got.HTTP, "127.0.0.1:3"},
		"file over default":     {got.Data, "from-file"},
		"default":               {got.LogLevel, "info"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", name, c.got, c.want)
		}
	}
}

func TestFileTypes(t *testing.T) {
	got, err := parse(t, "max-body: 4MiB\nretention-age: 2h\ndegraded-at: 0.05\npprof: true\ncors-origins: [https://a.example, https://b.example]\n")
	if err != nil {
		t.Fatal(err)
	}
	if got.MaxBody != 4<<20 || got.RetentionAge != 2*time.Hour || got.DegradedAt != 0.05 || !got.Pprof {
		t.Errorf("got %+v", got)
	}
	if strings.Join(got.CORSOrigins, " ") != "https://a.example https://b.example" {
		t.Errorf("cors-origins: %q", got.CORSOrigins)
	}
}

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		yaml string
		args []string
		want string
	}{
		"unknown key":   {yaml: "htpp: x\n", want: "unknown settings: htpp"},
		"other command": {yaml: "spans: 5\n", want: "unknown settings: spans"},
		"not a setting": {yaml: "help: true\nconfig: x\n", want: "unknown settings: config, help"},
		"bad size":      {args: []string{"--max-body=16 megs"}, want: `"16 megs" is not a size`},
		"map for size":  {yaml: "max-body: {a: 1}\n", want: "max-body"},
		"bare origin":   {args: []string{"--cors-origins=shop.example"}, want: "--cors-origins"},
		"origin's path": {args: []string{"--cors-origins=https://shop.example/"}, want: "--cors-origins"},
		"upper origin":  {args: []string{"--cors-origins=https://Shop.example"}, want: "--cors-origins"},
		"not yaml":      {yaml: "a: [", want: "parse configuration"},
		"not a map":     {yaml: "- a\n", want: "parse configuration"},
		"bad duration":  {yaml: "trace-quiet: soon\n", want: "trace-quiet"},
		"no port":       {args: []string{"--http=localhost"}, want: "--http"},
		"port name":     {args: []string{"--otlp-grpc=:nonsense"}, want: "--otlp-grpc"},
		"http off":      {args: []string{"--http=off"}, want: "--http"},
		"rates swapped": {args: []string{"--degraded-at=0.6"}, want: "--down-at"},
		"bad level":     {args: []string{"--log-level=loud"}, want: "log-level"},
		"rule text":     {args: []string{"--retention=staging"}, want: "--retention"},
		"rule key":      {args: []string{"--retention=env=staging,days=3"}, want: "only env, age and bytes"},
		"rule of what":  {args: []string{"--retention=age=3h"}, want: "needs env"},
		"rule is empty": {yaml: "retention:\n  - env: staging\n", want: "needs env, and age or bytes"},
		"rule age":      {yaml: "retention:\n  - env: staging\n    age: soon\n", want: "not a duration"},
		"rule negative": {args: []string{"--retention=env=staging,age=-3h"}, want: "--retention: age of"},
		"rule bytes":    {args: []string{"--retention=env=staging,bytes=lots"}, want: "not a size"},
		"rule twice":    {args: []string{"--retention=env=a,age=1h;env=a,age=2h"}, want: "comes twice"},
		"slow how long": {args: []string{"--keep-slow-over=1s"}, want: "--keep-slow-age"},
		"slow from":     {args: []string{"--keep-slow-age=1h"}, want: "--keep-slow-over"},
		"empty token":   {args: []string{"--token="}, want: "--token"},
		"token blank":   {yaml: "token: a b\n", want: "--token"},
		"token is not":  {yaml: "token:\n", want: "token: <nil> is no text"},
		"token number":  {yaml: "token: 0123\n", want: "token: 83 is no text"},
		"token list":    {yaml: "token: [a]\n", want: "is no text"},
		"small head":    {args: []string{"--head-bytes=1KiB"}, want: "--head-bytes"},
	} {
		if _, err := parse(t, c.yaml, c.args...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

func TestRetentionRules(t *testing.T) {
	t.Setenv("FLOWSCOPE_RETENTION", "env=staging,age=24h;env=,bytes=1GiB")
	const yaml = "retention:\n  - env: test\n    age: 1h\n    bytes: 20000\n  - {env: prod, age: 0}\n"
	describe := func(args ...string) string {
		got, err := parse(t, yaml, args...)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, r := range got.Retention {
			age := "default"
			if r.Age != nil {
				age = r.Age.String()
			}
			all = append(all, r.Env+" "+age+" "+r.Bytes.String())
		}
		return strings.Join(all, "; ")
	}
	if got := describe("--retention=env=a,age=1h", "--retention", "env=b,bytes=5"); got != "a 1h0m0s 0B; b default 5B" {
		t.Errorf("flags: %s", got)
	}
	if got := describe(); got != "staging 24h0m0s 0B;  default 1GiB" {
		t.Errorf("environment: %s", got)
	}
	if err := os.Unsetenv("FLOWSCOPE_RETENTION"); err != nil {
		t.Fatal(err)
	}
	if got := describe(); got != "test 1h0m0s 19KiB544B; prod 0s 0B" {
		t.Errorf("file: %s", got)
	}
}

// A token that is set to nothing is a mistake, not the wish to let all in.
func TestToken(t *testing.T) {
	if got, err := parse(t, ""); err != nil || got.Token != nil {
		t.Errorf("%v, %v", got.Token, err)
	}
	if got, err := parse(t, "token: s3cret\n"); err != nil || got.Token == nil || *got.Token != "s3cret" {
		t.Errorf("%v, %v", got.Token, err)
	}
	t.Setenv("FLOWSCOPE_TOKEN", "")
	if _, err := parse(t, ""); err == nil {
		t.Error("an empty variable is taken")
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]Size{"16777216": 16 << 20, "16MiB": 16 << 20, "16MB": 16 << 20, "1.5GiB": 3 << 29, "1TiB": 1 << 40} {
		got, err := parse(t, "", "--retention-bytes="+text)
		if err != nil || got.RetentionBytes != want {
			t.Errorf("%s: %v, %v, want %d", text, got.RetentionBytes, err, want)
		}
	}
	got, err := parse(t, "retention-bytes: 20000000\n")
	if err != nil || got.RetentionBytes != 20000000 {
		t.Errorf("a number in the file: %d, %v", got.RetentionBytes, err)
	}
}

func TestOrigins(t *testing.T) {
	for _, origins := range []string{"*", "https://shop.example,http://localhost:8080", "http://[::1]:3000"} {
		if _, err := parse(t, "", "--cors-origins="+origins); err != nil {
			t.Errorf("%s: %v", origins, err)
		}
	}
}
