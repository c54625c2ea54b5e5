package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// MaxData bounds the data of an event, in octets: with what stands around it the
// body of a webhook stays below 256 kB.
const MaxData = 250_000

// cuts are how data that is too long is shortened, until it is short enough: texts
// beyond so many octets, lists and callers' maps beyond so many entries. Ids, which
// have at most 512 octets, stay whole.
var cuts = []struct{ text, entries int }{
	{16 << 10, 1 << 20}, {4 << 10, 1 << 20}, {1 << 10, 1 << 20}, {1 << 10, 100}, {512, 3},
}

// filled are the maps that callers fill, with as much as they like; the others have
// keys of ours.
var filled = map[string]bool{"custom": true, "participants": true, "pushTokens": true}

// cutMark ends a text that was cut.
const cutMark = "\n[…]"

// shorten makes data that is too long fit, and says so in it: "truncated": true.
func shorten(raw []byte) ([]byte, error) {
	for _, cut := range cuts {
		var data map[string]any
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber() // times stay as they are
		if err := d.Decode(&data); err != nil {
			return nil, err
		}
		shorter(data, cut.text, cut.entries)
		data["truncated"] = true
		out, err := json.Marshal(data)
		if err != nil || len(out) <= MaxData {
			return out, err
		}
	}
	return nil, fmt.Errorf("data of %d octets cannot be shortened to %d", len(raw), MaxData)
}

// shorter cuts what is in a value. A caller's map with too many entries is emptied;
// of a list the last are kept, which are the newest.
func shorter(v any, text, entries int) any {
	switch v := v.(type) {
	case string:
		if len(v) <= text {
			return v
		}
		return strings.ToValidUTF8(v[:text-len(cutMark)], "") + cutMark
	case []any:
		v = v[max(0, len(v)-entries):]
		for i := range v {
			v[i] = shorter(v[i], text, entries)
		}
		return v
	case map[string]any:
		for k := range v {
			if m, ok := v[k].(map[string]any); ok && filled[k] && tooMany(m, text, entries) {
				v[k] = map[string]any{}
				continue
			}
			v[k] = shorter(v[k], text, entries)
		}
	}
	return v
}

// tooMany tells of a map that cannot stay: none of its entries matters more than
// the others.
func tooMany(m map[string]any, text, entries int) bool {
	for k := range m {
		if len(k) > text {
			return true
		}
	}
	return len(m) > entries
}
