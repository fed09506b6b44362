package decode

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/flowscope/flowscope/internal/encode"
	"github.com/flowscope/flowscope/internal/model"
)

// jsonRequest wraps the fields of one span, which has good ids and times.
func jsonRequest(fields string) string {
	const good = `"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","startTimeUnixNano":"100","endTimeUnixNano":"200"`
	if fields != "" {
		fields = "," + fields
	}
	return `{"resourceSpans":[{"scopeSpans":[{"spans":[{` + good + fields + `}]}]}]}`
}

func attrJSON(value string) string { return `"attributes":[{"key":"k","value":` + value + `}]` }

// TestJSONVariants reads the ways that JSON has to say the same.
func TestJSONVariants(t *testing.T) {
	for name, tc := range map[string]struct{ plain, variant string }{
		"numbers in place of strings": {
			`"endTimeUnixNano":"1763633000123456789","flags":257,` + attrJSON(`{"intValue":"-5"}`),
			`"endTimeUnixNano":1763633000123456789,"flags":"257",` + attrJSON(`{"intValue":-5}`)},
		"exponents":          {attrJSON(`{"intValue":"1000"}`), attrJSON(`{"intValue":1e3}`)},
		"whole fractions":    {attrJSON(`{"intValue":"2"}`), attrJSON(`{"intValue":2.0}`)},
		"doubles as strings": {attrJSON(`{"doubleValue":0.25}`), attrJSON(`{"doubleValue":"0.25"}`)},
		"integer doubles":    {attrJSON(`{"doubleValue":4.0}`), attrJSON(`{"doubleValue":4}`)},
		"upper-case ids":     {`"parentSpanId":"abcdef0000000001"`, `"parentSpanId":"ABCDEF0000000001"`},
		"empty parent":       {``, `"parentSpanId":""`},
		"nulls":              {``, `"parentSpanId":null,"attributes":null,"kind":null,"status":null,"name":null`},
		"URL-safe base64":    {attrJSON(`{"bytesValue":"+/8="}`), attrJSON(`{"bytesValue":"-_8"}`)},
		"white space":        {`"kind":2,` + attrJSON(`{"boolValue":true}`), " \"kind\" :\t2 ,\r\n" + attrJSON(` { "boolValue" : true } `)},
		"escapes":            {`"name":"é𝄞\"/\\"`, `"name":"\u00e9\ud834\udd1e\"\/\\"`},
		"escaped keys":       {`"name":"x"`, `"n\u0061me":"x"`},
		"snake case":         {`"parentSpanId":"0102030405060708","droppedLinksCount":3`, `"parent_span_id":"0102030405060708","dropped_links_count":3`},
		"unknown fields":     {`"name":"x"`, `"future":{"a":[1,"}]\"",{"b":null}],"c":true},"name":"x","more":-1.5e3`},
		"the last counts":    {`"name":"x"`, `"name":"y","name":"x"`},
		"several values":     {attrJSON(`{"stringValue":"x"}`), attrJSON(`{"intValue":1,"stringValue":"x"}`)},
		"attributes twice": {
			`"attributes":[{"key":"a","value":{}},{"key":"b","value":{}}]`,
			`"attributes":[{"key":"a","value":{}}],"attributes":[{"key":"b"}]`},
	} {
		var plain, variant model.Batch
		for b, fields := range map[*model.Batch]string{&plain: tc.plain, &variant: tc.variant} {
			if report, err := JSON(b, []byte(jsonRequest(fields))); err != nil || report.Accepted != 1 || report.Message() != "" {
				t.Errorf("%s: %s: %+v, %v", name, fields, report, err)
			}
		}
		if got, want := encode.JSON(nil, spansOf(&variant)), encode.JSON(nil, spansOf(&plain)); !bytes.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
}

func TestJSONDoubles(t *testing.T) {
	for text, want := range map[string]float64{`"NaN"`: math.NaN(), `"Infinity"`: math.Inf(1), `"-Infinity"`: math.Inf(-1), `-0.0`: math.Copysign(0, -1)} {
		var b model.Batch
		if _, err := JSON(&b, []byte(jsonRequest(attrJSON(`{"doubleValue":`+text+`}`)))); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if v, _ := b.Span(0).Attr("k"); math.Float64bits(v.Double()) != math.Float64bits(want) {
			t.Errorf("%s is %v", text, v.Double())
		}
	}
}

func TestJSONErrors(t *testing.T) {
	const span = "resourceSpans[0].scopeSpans[0].spans[0]"
	for _, tc := range []struct{ body, path, problem string }{
		{``, "", "not JSON"},
		{`{"resourceSpans":[}`, "", "at byte 19"},
		{jsonRequest(``) + "x", "", "not JSON"},
		{`[]`, "", "not an object"},
		{`{"resourceSpans":{}}`, "resourceSpans", "not an array"},
		{`{"resourceSpans":[{},7]}`, "resourceSpans[1]", "not an object"},
		{`{"resourceSpans":[{"resource":{"attributes":[{"key":1}]}}]}`, "resourceSpans[0].resource.attributes[0].key", "not a string"},
		{jsonRequest(`"traceId":5`), span + ".traceId", "not a string"},
		{jsonRequest(`"name":{}`), span + ".name", "not a string"},
		{jsonRequest(`"kind":"SPAN_KIND_SERVER"`), span + ".kind", "not a 64-bit integer"},
		{jsonRequest(`"status":{"code":1.5}`), span + ".status.code", "not a 64-bit integer"},
		{jsonRequest(`"startTimeUnixNano":"yesterday"`), span + ".startTimeUnixNano", "not a 64-bit integer"},
		{jsonRequest(`"startTimeUnixNano":-1`), span + ".startTimeUnixNano", "before 1970"},
		{jsonRequest(`"flags":4294967296`), span + ".flags", "32-bit"},
		{jsonRequest(`"droppedEventsCount":-1`), span + ".droppedEventsCount", "32-bit"},
		{jsonRequest(attrJSON(`{"intValue":"9223372036854775808"}`)), span + ".attributes[0].value.intValue", "not a 64-bit integer"},
		{jsonRequest(attrJSON(`{"doubleValue":1e999}`)), span + ".attributes[0].value.doubleValue", "not a number"},
		{jsonRequest(attrJSON(`{"boolValue":1}`)), span + ".attributes[0].value.boolValue", "not true or false"},
		{jsonRequest(attrJSON(`{"bytesValue":"%"}`)), span + ".attributes[0].value.bytesValue", "not base64"},
		{jsonRequest(attrJSON(`{"arrayValue":{"values":[{},{"stringValue":1}]}}`)), span + ".attributes[0].value.arrayValue.values[1].stringValue", "not a string"},
		{jsonRequest(`"events":[{"timeUnixNano":"x"}]`), span + ".events[0].timeUnixNano", "not a 64-bit integer"},
		{jsonRequest(`"links":[{"flags":{}}]`), span + ".links[0].flags", "not a 64-bit integer"},
	} {
		var b model.Batch
		_, err := JSON(&b, []byte(tc.body))
		var bad *Error
		if !errors.As(err, &bad) || bad.Path != tc.path || !strings.Contains(bad.Problem, tc.problem) {
			t.Errorf("%s: %v, want %q at %q", tc.body, err, tc.problem, tc.path)
		}
	}
}

func TestJSONJudgement(t *testing.T) {
	deep := strings.Repeat(`{"arrayValue":{"values":[`, model.MaxDepth+1) + strings.Repeat(`]}}`, model.MaxDepth+1)
	for name, tc := range map[string]struct {
		fields string
		reason Reason
		mark   model.Marks
	}{
		"trace id of 30 digits":   {`"traceId":"0102030405060708090a0b0c0d0e0f"`, BadTraceID, 0},
		"trace id in base64":      {`"traceId":"AQIDBAUGBwgJCgsMDQ4PEA=="`, BadTraceID, 0},
		"zero span id":            {`"spanId":"0000000000000000"`, BadSpanID, 0},
		"no times":                {`"startTimeUnixNano":0,"endTimeUnixNano":"0"`, BadTime, 0},
		"too deep":                {attrJSON(deep), BadValue, 0},
		"too deep in a link":      {`"links":[{` + attrJSON(deep) + `}]`, BadValue, 0},
		"end before start":        {`"endTimeUnixNano":"50"`, 0, model.MarkEndBeforeStart},
		"odd parent":              {`"parentSpanId":"0102030"`, 0, model.MarkBadParent},
		"odd link":                {`"links":[{"traceId":"zz"}]`, 0, model.MarkBadLink},
		"not UTF-8":               {"\"name\":\"\xff\"", 0, model.MarkBadText},
		"not UTF-8, with escapes": {"\"name\":\"\\n\xff\"", 0, model.MarkBadText},
		"not UTF-8, in a map":     {attrJSON("{\"kvlistValue\":{\"values\":[{\"key\":\"\xff\"}]}}"), 0, model.MarkBadText},
		"half a surrogate pair":   {`"name":"\ud834"`, 0, 0},
	} {
		var b model.Batch
		report, err := JSON(&b, []byte(jsonRequest(tc.fields)))
		switch {
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case tc.reason != 0 && (report.Accepted != 0 || report.Reasons[tc.reason] != 1):
			t.Errorf("%s: %+v, want it refused for %v", name, report, tc.reason)
		case tc.reason == 0 && (report.Accepted != 1 || b.Marks[0] != tc.mark):
			t.Errorf("%s: %+v, want it marked %v", name, report, tc.mark)
		}
	}
}

// TestJSONDeepResource refuses the request: there is no one span to refuse.
func TestJSONDeepResource(t *testing.T) {
	deep := strings.Repeat(`{"arrayValue":{"values":[`, model.MaxDepth+1) + strings.Repeat(`]}}`, model.MaxDepth+1)
	for path, body := range map[string]string{
		"resourceSpans[0].resource.attributes":            `{"resourceSpans":[{"resource":{` + attrJSON(deep) + `}}]}`,
		"resourceSpans[0].scopeSpans[0].scope.attributes": `{"resourceSpans":[{"scopeSpans":[{"scope":{` + attrJSON(deep) + `}}]}]}`,
	} {
		var b model.Batch
		var bad *Error
		if _, err := JSON(&b, []byte(body)); !errors.As(err, &bad) || bad.Path != path {
			t.Errorf("%v, want one at %q", err, path)
		}
	}
	var b model.Batch
	if _, err := JSON(&b, []byte(strings.Repeat("[", 1_000_000))); err == nil {
		t.Error("a million open brackets accepted")
	}
	unknown := `{"unknown":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`
	if _, err := JSON(&b, []byte(unknown)); err != nil {
		t.Errorf("an unknown field that nests deeply: %v", err)
	}
}
