package gateway

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

func TestEventRow(t *testing.T) {
	e := Event{
		ID: "evt_1", App: "shop", Type: EventMessageSent, CreatedAt: time.UnixMilli(1700000000123).UTC(),
		Conversation: "c", Seq: 7, Data: json.RawMessage(`{"text":"\u003cp\u003e"}`), Trace: "trc_1",
	}
	row, err := e.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	old, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"row": row, "row of an earlier version": old} {
		var got Event
		if err := got.UnmarshalBinary(b); err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("%s: %+v %v", name, got, err)
		}
		clear(b)
		if string(got.Data) != string(e.Data) {
			t.Errorf("%s: the event holds on to the row", name)
		}
	}
	if string(e.Data) == "" {
		t.Error("writing changed the event")
	}
	row, _ = e.MarshalBinary()
	for n := range len(row) - len(e.Data) {
		var got Event
		if got.UnmarshalBinary(row[:n]) == nil {
			t.Errorf("a row of %d bytes was read", n)
		}
	}
}
