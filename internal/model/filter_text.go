package model

import (
	"strconv"
	"strings"
)

// String writes the conditions, joined by &&.
func (f And) String() string { return joined(f, " && ", "true") }

// String writes the conditions, joined by ||.
func (f Or) String() string { return joined(f, " || ", "false") }

// String writes the condition after an exclamation mark.
func (f Not) String() string { return "!(" + text(f.Filter) + ")" }

// String writes the condition in braces, as TraceQL does.
func (f Some) String() string { return "{ " + text(f.Filter) + " }" }

// String writes the condition as reached(...).
func (f Reached) String() string { return "reached(" + text(f.Filter) + ")" }

func (f someBit) String() string { return "{" + strconv.Itoa(int(f)) + "}" }

// String writes the field, the operator and the quoted value.
func (c *Compare) String() string {
	if fields[c.Field].numeric {
		return c.name() + " " + c.Op.String() + " " + c.Text
	}
	return c.name() + " " + c.Op.String() + " " + strconv.Quote(c.Text)
}

// name is the field as TraceQL scopes it.
func (c *Compare) name() string {
	switch c.Field {
	case FieldAttr:
		return "span." + strconv.Quote(c.Key)
	case FieldResourceAttr:
		return "resource." + strconv.Quote(c.Key)
	default:
		return fields[c.Field].name
	}
}

func text(f Filter) string {
	if f == nil {
		return "true"
	}
	return f.String()
}

func joined(list []Filter, by, none string) string {
	if len(list) == 0 {
		return none
	}
	parts := make([]string, len(list))
	for i, f := range list {
		parts[i] = text(f)
		switch f.(type) {
		case And, Or:
			parts[i] = "(" + parts[i] + ")"
		}
	}
	return strings.Join(parts, by)
}
