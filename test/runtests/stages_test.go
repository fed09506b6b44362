package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"
)

func TestRunSumsTheStagesItWasAskedFor(t *testing.T) {
	var ran []string
	stageOf := func(name string, sum tally) stage {
		return stage{name, func(context.Context) tally {
			ran = append(ran, name)
			return sum
		}}
	}
	stages := []stage{
		stageOf("good", tally{passed: 3}),
		stageOf("bad", tally{passed: 1, failed: 1}),
		stageOf("empty", tally{}),
	}
	for _, tc := range []struct {
		names []string
		ok    bool
		ran   []string
	}{
		{nil, false, []string{"good", "bad", "empty"}},
		{[]string{"good"}, true, []string{"good"}},
		{[]string{"bad", "good"}, false, []string{"good", "bad"}},
		{[]string{"empty"}, false, []string{"empty"}},
		{[]string{"good", "misspelt"}, false, nil},
	} {
		ran = nil
		ok := run(t.Context(), stages, tc.names)
		if ok != tc.ok || !slices.Equal(ran, tc.ran) {
			t.Errorf("run %v: ok %v after %v, want %v after %v", tc.names, ok, ran, tc.ok, tc.ran)
		}
	}
}

func TestFindFuzz(t *testing.T) {
	targets, err := findFuzz(fstest.MapFS{
		"internal/a/a_test.go":       {Data: []byte("package a\n\nfunc FuzzOne(f *testing.F) {\n}\n\nfunc FuzzTwo(f *testing.F) {}\n")},
		"internal/a/a.go":            {Data: []byte("package a\n\nfunc FuzzInCode(f *testing.F) {}\n")},
		"internal/b/b_test.go":       {Data: []byte("package b\n\nfunc FuzzyMatch(t *testing.T) {}\n")},
		"web/node_modules/x_test.go": {Data: []byte("package x\n\nfunc FuzzOther(f *testing.F) {}\n")},
		"c/testdata/c_test.go":       {Data: []byte("package c\n\nfunc FuzzData(f *testing.F) {}\n")},
		"d/go.mod":                   {Data: []byte("module d\n")},
		"d/d_test.go":                {Data: []byte("package d\n\nfunc FuzzD(f *testing.F) {}\n")},
		"d/in/e_test.go":             {Data: []byte("package e\n\nfunc FuzzE(f *testing.F) {}\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []fuzzTarget{
		{"d", ".", "FuzzD"}, {"d", "./in", "FuzzE"}, {".", "./internal/a", "FuzzOne"}, {".", "./internal/a", "FuzzTwo"},
	}
	if !slices.Equal(targets, want) {
		t.Errorf("found %v, want %v", targets, want)
	}
}

func TestFindModules(t *testing.T) {
	modules, err := findModules(fstest.MapFS{
		"go.mod":                  {},
		"flow/contrib/a/go.mod":   {},
		"flow/contrib/b/go.mod":   {},
		"flow/contrib/b/b.go":     {},
		".cache/mod/x/go.mod":     {},
		"web/node_modules/go.mod": {},
		"test/testdata/go.mod":    {},
	})
	if want := []string{"flow/contrib/a", "flow/contrib/b"}; err != nil || !slices.Equal(modules, want) {
		t.Errorf("found %v, %v, want %v", modules, err, want)
	}
}

func TestIsDeadlineRace(t *testing.T) {
	race := "--- FAIL: FuzzOne (5.02s)\n    context deadline exceeded\nFAIL\n"
	for out, want := range map[string]bool{
		race: true,
		"--- FAIL: FuzzOne (5.02s)\n    a_test.go:3: read: context deadline exceeded\n": false,
		race + "    Failing input written to testdata/fuzz/FuzzOne/1\n":                 false,
	} {
		if got := isDeadlineRace(out); got != want {
			t.Errorf("isDeadlineRace is %v, want %v for\n%s", got, want, out)
		}
	}
}

func TestReadVitest(t *testing.T) {
	for report, want := range map[string]tally{
		`{"numPassedTests": 7, "numFailedTests": 0}`:                               {passed: 7},
		`{"numPassedTests": 6, "numFailedTests": 1, "numFailedTestSuites": 2}`:     {passed: 6, failed: 1},
		`{"numPassedTests": 5, "numPendingTests": 1, "numTodoTests": 1}`:           {passed: 5, failed: 2},
		`{"numPassedTests": 5, "numFailedTestSuites": 1, "testResults": [{}, {}]}`: {passed: 5, failed: 1},
	} {
		path := filepath.Join(t.TempDir(), "report.json")
		if err := os.WriteFile(path, []byte(report), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := readVitest(path); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", report, got, err, want)
		}
	}
	if _, err := readVitest(filepath.Join(t.TempDir(), "absent.json")); err == nil {
		t.Error("a missing report is not an error")
	}
}
