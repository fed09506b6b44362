package client

import (
	"strconv"
	"strings"
	"unicode"
)

const (
	// defaultWidth is the width of what is no terminal, such as a log: wide
	// enough for a tree, narrow enough for a page.
	defaultWidth = 100
	// minWidth leaves room for the columns that are never cut.
	minWidth = 60
)

// Screen says what whoever reads the output can show. Its zero value is a file
// or a pipe: ASCII is off, colour is off.
type Screen struct {
	Width  int // in columns; 0 is defaultWidth
	Colour bool
	ASCII  bool // draw with ASCII only
}

// ScreenFor is the screen that the environment describes. terminal says whether
// the output is one, width how wide it is, 0 when nobody knows.
//
// Colour is for terminals, unless NO_COLOR is set or TERM is dumb. Lines and bars
// are ASCII when TERM is dumb or the locale (LC_ALL, LC_CTYPE, LANG) is not UTF-8.
// COLUMNS wins over the terminal's width.
func ScreenFor(getenv func(string) string, terminal bool, width int) Screen {
	if n, err := strconv.Atoi(getenv("COLUMNS")); err == nil && n > 0 {
		width = n
	}
	dumb := getenv("TERM") == "dumb"
	return Screen{
		Width:  width,
		Colour: terminal && !dumb && getenv("NO_COLOR") == "",
		ASCII:  dumb || !isUTF8(getenv),
	}
}

// isUTF8 looks at the first of the locale's variables that is set, as C programs
// do.
func isUTF8(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}

func (s Screen) width() int {
	if s.Width == 0 {
		return defaultWidth
	}
	return max(s.Width, minWidth)
}

// style is an SGR parameter, such as "31" for red.
type style string

const (
	plain  style = ""
	dim    style = "2"
	bold   style = "1"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
	cyan   style = "36"
)

// paint dresses a text for a terminal that has colours.
func (s Screen) paint(as style, text string) string {
	if !s.Colour || as == plain || text == "" {
		return text
	}
	return "\x1b[" + string(as) + "m" + text + "\x1b[0m"
}

// statusStyle is the colour of a flow's, a node's or a service's status.
func statusStyle(status string) style {
	switch status {
	case "error", "timeout", "down":
		return red
	case "degraded":
		return yellow
	case "success", "healthy":
		return green
	default:
		return plain
	}
}

// columns is how wide a terminal shows a text: marks that join the letter before
// them take no column, East Asian letters and emoji two.
func columns(text string) int {
	n := 0
	for _, r := range text {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	switch {
	case r < 0x300: // the common case, without a table
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf),
		r >= 0x1160 && r <= 0x11ff, r >= 0xd7b0 && r <= 0xd7ff: // join the Hangul consonant before them
		return 0
	case unicode.Is(wide, r):
		return 2
	default:
		return 1
	}
}

// fit cuts a text to a width and says that it did.
func (s Screen) fit(text string, width int) string {
	if columns(text) <= width {
		return text
	}
	more := s.pick("…", "...")
	room, end := width-columns(more), 0
	for at, r := range text {
		if room -= runeColumns(r); room < 0 {
			break
		}
		end = at + len(string(r))
	}
	return text[:end] + more
}

// pad fits a text and fills it up to a width.
func (s Screen) pad(text string, width int) string {
	text = s.fit(text, width)
	return text + strings.Repeat(" ", max(0, width-columns(text)))
}

// pick is the drawing for this screen.
func (s Screen) pick(unicode, ascii string) string {
	if s.ASCII {
		return ascii
	}
	return unicode
}
