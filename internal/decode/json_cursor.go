package decode

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// cursor walks JSON text that json.Valid has accepted, so it need not look out
// for syntax errors. It allocates nothing that grows with the text and does
// not recurse, except through the callbacks of object and array.
type cursor struct {
	src     []byte
	at      int
	badText bool // an escaped string was not UTF-8; set and never cleared here
}

// checkJSON checks the syntax of text, and that it does not nest deeper than
// encoding/json allows.
func checkJSON(text []byte) *Error {
	if json.Valid(text) {
		return nil
	}
	problem := "not JSON"
	var syntax *json.SyntaxError
	if errors.As(json.Unmarshal(text, &struct{}{}), &syntax) {
		problem += ": " + syntax.Error() + " at byte " + strconv.FormatInt(syntax.Offset, 10)
	}
	return &Error{Problem: problem}
}

// peek passes white space and returns the byte a value or a token begins with.
func (c *cursor) peek() byte {
	for ; ; c.at++ {
		switch b := c.src[c.at]; b {
		case ' ', '\t', '\n', '\r':
		default:
			return b
		}
	}
}

// null passes a null and reports true, or reports false.
func (c *cursor) null() bool {
	if c.peek() != 'n' {
		return false
	}
	c.at += len("null")
	return true
}

// object calls field with each key of an object, the cursor at its value,
// which field has to pass. A null, in place of the object or of a value, is
// passed without a call: it means the default. Errors gain the key.
func (c *cursor) object(field func(key string) *Error) *Error {
	if c.null() {
		return nil
	}
	if c.peek() != '{' {
		return &Error{Problem: "not an object"}
	}
	c.at++
	for c.peek() != '}' {
		if c.peek() == ',' {
			c.at++
			c.peek()
		}
		key := viewString(c.string())
		if strings.Contains(key, "_") {
			key = camel(key)
		}
		c.peek()
		c.at++ // the colon
		if c.null() {
			continue
		}
		if err := field(key); err != nil {
			return err.in(strings.Clone(key))
		}
	}
	c.at++
	return nil
}

// array calls item with the number of each item of an array, the cursor at the
// item, which it has to pass. Errors gain the number.
func (c *cursor) array(item func(i int) *Error) *Error {
	if c.peek() != '[' {
		return &Error{Problem: "not an array"}
	}
	c.at++
	for i := 0; c.peek() != ']'; i++ {
		if c.peek() == ',' {
			c.at++
		}
		if err := item(i); err != nil {
			return err.inItem("", i)
		}
	}
	c.at++
	return nil
}

// skip passes a value of any kind.
func (c *cursor) skip() {
	depth := 0
	for {
		switch c.peek() {
		case '{', '[':
			depth++
			c.at++
		case '}', ']':
			depth--
			c.at++
		case ',', ':':
			c.at++
		case '"':
			c.string()
		default:
			c.literal()
		}
		if depth == 0 {
			return
		}
	}
}

// literal passes a number, true, false or null and returns its text.
func (c *cursor) literal() []byte {
	c.peek()
	start := c.at
	for c.at < len(c.src) && bytes.IndexByte([]byte(",:]} \t\r\n"), c.src[c.at]) < 0 {
		c.at++
	}
	return c.src[start:c.at]
}

// string passes a string and returns its content: a view into the text when
// nothing in it is escaped. Bytes that are not UTF-8 are left as they are.
func (c *cursor) string() []byte {
	start := c.at + 1
	c.at = start
	escaped := false
	for c.src[c.at] != '"' {
		if c.src[c.at] == '\\' {
			escaped = true
			c.at++
		}
		c.at++
	}
	c.at++
	content := c.src[start : c.at-1 : c.at-1]
	if escaped {
		return c.unescape(content)
	}
	return content
}

// unescape resolves the escapes of a string's content. Half a surrogate pair
// becomes the replacement character, and so do bytes that are not UTF-8, which
// badText then tells.
func (c *cursor) unescape(content []byte) []byte {
	c.badText = c.badText || !utf8.Valid(content)
	var s string
	if err := json.Unmarshal(slices.Concat([]byte{'"'}, content, []byte{'"'}), &s); err != nil {
		return content // not reached: the text is valid JSON
	}
	return []byte(s)
}

// camel turns a field's name as the .proto files have it into the one that
// OTLP/JSON calls for. OTLP allows the latter only; the collector takes both,
// and ignoring the former as unknown would lose data without a word.
func camel(key string) string {
	words := strings.Split(key, "_")
	for i, word := range words[1:] {
		if word != "" {
			words[i+1] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(words, "")
}
