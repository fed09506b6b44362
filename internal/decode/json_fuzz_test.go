package decode

import (
	"testing"

	"github.com/flowscope/flowscope/internal/encode"
	"github.com/flowscope/flowscope/internal/model"
)

// FuzzJSON asserts of any text that what is accepted is whole and reads the
// same after encoding.
func FuzzJSON(f *testing.F) {
	var seed model.Batch
	if _, err := Proto(&seed, small()); err != nil {
		f.Fatal(err)
	}
	f.Add(encode.JSON(nil, spansOf(&seed)))
	f.Add([]byte(jsonRequest(`"name":"\ud834\"","unknown":[{"a":[1.5e3,null]}],` + attrJSON(`{"kvlistValue":{"values":[{"key":"k","value":{"bytesValue":"-_8"}}]}}`))))
	f.Fuzz(func(t *testing.T, body []byte) {
		var b model.Batch
		if report, err := JSON(&b, body); err == nil {
			checkWhole(t, &b, report)
		}
	})
}
