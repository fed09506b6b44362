package client

import "testing"

func TestScreenFor(t *testing.T) {
	for _, tc := range []struct {
		name     string
		env      map[string]string
		terminal bool
		width    int
		want     Screen
	}{
		{"terminal", map[string]string{"LANG": "de_DE.UTF-8", "TERM": "xterm"}, true, 120, Screen{120, true, false}},
		{"pipe", map[string]string{"LANG": "C.utf8", "TERM": "xterm"}, false, 0, Screen{0, false, false}},
		{"no colour", map[string]string{"LANG": "C.UTF-8", "NO_COLOR": "1"}, true, 80, Screen{80, false, false}},
		{"dumb", map[string]string{"LANG": "C.UTF-8", "TERM": "dumb"}, true, 80, Screen{80, false, true}},
		{"latin", map[string]string{"LANG": "C.UTF-8", "LC_ALL": "de_DE.ISO-8859-1"}, true, 80, Screen{80, true, true}},
		{"no locale", nil, true, 80, Screen{80, true, true}},
		{"columns", map[string]string{"COLUMNS": "66", "LC_CTYPE": "C.UTF-8"}, false, 0, Screen{66, false, false}},
		{"wrong columns", map[string]string{"COLUMNS": "-1", "LC_CTYPE": "C.UTF-8"}, true, 99, Screen{99, true, false}},
	} {
		if got := ScreenFor(func(name string) string { return tc.env[name] }, tc.terminal, tc.width); got != tc.want {
			t.Errorf("%s: %+v, want %+v", tc.name, got, tc.want)
		}
	}
}

func TestColumns(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "cart": 4, "café": 4, "cafe\u0301": 4, "買い物": 6, "한국": 4, "🛒": 2, "Ａ": 2, "a\u200bb": 2,
		"ユーザー・ー": 12, "ｶﾀｶﾅ": 4, "✅⚡⭐❌": 8, "￥": 2, "\u1112\u1161\u11ab": 2, "─→…█": 4, "が": 2, "か\u3099": 2,
	} {
		if got := columns(text); got != want {
			t.Errorf("%q takes %d columns, want %d", text, got, want)
		}
	}
}

func TestFit(t *testing.T) {
	for _, tc := range []struct {
		ascii bool
		text  string
		width int
		want  string
	}{
		{false, "checkout", 8, "checkout"}, {false, "checkout", 7, "checko…"}, {true, "checkout", 7, "chec..."},
		{false, "買い物", 5, "買い…"}, {false, "買い物", 4, "買…"}, {false, "", 0, ""},
	} {
		if got := (Screen{ASCII: tc.ascii}).fit(tc.text, tc.width); got != tc.want {
			t.Errorf("%q in %d: %q, want %q", tc.text, tc.width, got, tc.want)
		}
	}
}

func TestCell(t *testing.T) {
	for text, want := range map[string]string{
		"カート\u3000一覧": "カート 一覧", "a\u00a0b": "a b", "a\tb\n\x1b[31m": "a\ufffdb\ufffd\ufffd[31m", "a\u202eb\u2028": "a\ufffdb\ufffd",
	} {
		if got := cell(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
