package flow

import (
	"strings"
	"unicode/utf8"
)

const (
	// maxPattern bounds a message before it is made a pattern, and the pattern,
	// in bytes. What tells errors apart is at their beginning.
	maxPattern = 256
	// longToken is from which length letters and digits in turn are an id, not a
	// word such as utf8 or ipv4.
	longToken = 8
	uuidLen   = 36
)

// pattern is a message without what differs from one time to the next: numbers
// become <n>, hexadecimal ones <hex>, ids <id>, what is quoted <text>.
func pattern(message string) string {
	message = plain(message, maxPattern)
	var out strings.Builder
	out.Grow(len(message))
	for i := 0; i < len(message); {
		c := message[i]
		switch {
		case isAlnum(c):
			i += appendToken(&out, message[i:])
		case c == '"' || c == '`' || c == '\'' && (i == 0 || !isAlnum(message[i-1])):
			n := strings.IndexByte(message[i+1:], c)
			if n < 0 {
				out.WriteByte(c)
				i++
				continue
			}
			out.WriteString("<text>")
			i += n + 2
		case c <= ' ' || c == 0x7f:
			out.WriteByte(' ')
			i++
		default:
			_, size := utf8.DecodeRuneInString(message[i:])
			out.WriteString(message[i : i+size])
			i += size
		}
	}
	return plain(out.String(), maxPattern)
}

// appendToken appends what stands for the letters and digits that text begins
// with, and returns how much of text that is.
func appendToken(out *strings.Builder, text string) int {
	if len(text) >= uuidLen && isUUID(text[:uuidLen]) && (len(text) == uuidLen || !isAlnum(text[uuidLen])) {
		out.WriteString("<id>")
		return uuidLen
	}
	n, digits, turns, hex := tokenOf(text)
	switch hex = hex && n >= longToken && digits < n; {
	case digits == 0:
		out.WriteString(text[:n])
	case hex, n > 2 && strings.EqualFold(text[:2], "0x"):
		out.WriteString("<hex>")
	case isDigit(text[0]):
		for n+1 < len(text) && text[n] == '.' && isAlnum(text[n+1]) { // 1.5s, 10.0.0.1
			more, _, _, _ := tokenOf(text[n+1:])
			n += 1 + more
		}
		out.WriteString("<n>")
	case n >= longToken && turns > 1:
		out.WriteString("<id>")
	default:
		appendWord(out, text[:n])
	}
	return n
}

// appendWord appends a word with <n> in place of its numbers.
func appendWord(out *strings.Builder, word string) {
	for i := range len(word) {
		if !isDigit(word[i]) {
			out.WriteByte(word[i])
		} else if i == 0 || !isDigit(word[i-1]) {
			out.WriteString("<n>")
		}
	}
}

// tokenOf measures the letters and digits that text begins with: how many, how
// many digits, in how many places, and whether all are hexadecimal.
func tokenOf(text string) (n, digits, turns int, hex bool) {
	hex = true
	for n < len(text) && isAlnum(text[n]) {
		c := text[n]
		if isDigit(c) {
			digits++
			if n == 0 || !isDigit(text[n-1]) {
				turns++
			}
		} else if c|0x20 > 'f' {
			hex = false
		}
		n++
	}
	return n, digits, turns, hex
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isAlnum(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' }

func isUUID(s string) bool {
	for i := range len(s) {
		switch i {
		case 8, 13, 18, 23:
			if s[i] != '-' {
				return false
			}
		default:
			if !isDigit(s[i]) && (s[i]|0x20 < 'a' || s[i]|0x20 > 'f') {
				return false
			}
		}
	}
	return true
}
