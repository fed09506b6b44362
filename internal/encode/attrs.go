package encode

import "github.com/flowscope/flowscope/internal/model"

// AppendAttrs appends attributes of b as one JSON object of plain values, see
// model.Value.AppendJSON. When a key comes more than once the first counts, as
// for Batch.Find.
func AppendAttrs(dst []byte, b *model.Batch, list []model.Attr) []byte {
	w := newWriter(dst)
	seen := make(map[model.Ref]bool, len(list))
	w.open('{')
	for _, a := range list {
		if !seen[a.Key] {
			seen[a.Key] = true
			w.key(b.Strings.Get(a.Key))
			w.dst = b.Value(a).AppendJSON(w.dst)
		}
	}
	w.close('}')
	return w.dst
}
