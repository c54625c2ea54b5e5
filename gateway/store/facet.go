package store

import (
	"bytes"
	"slices"
	"time"

	"github.com/replygate/replygate/gateway"
)

// Facet is something that the records of an app are looked up by, without
// looking at the others.
type Facet byte

// The facets. A record has a place for each that it has a value of.
const (
	ByConversation Facet = 'c'
	ByRecipient    Facet = 'u'
	ByState        Facet = 's'
	ByReason       Facet = 'r'
)

// Place says that a record has a facet. The end of its key, the id, is also that
// of the record's.
type Place struct{}

// FacetKey begins the keys, which end in the record's id, of the places of those
// that have a facet in common.
func FacetKey(app gateway.AppID, f Facet, value string) Key {
	return append(AppKey(app), byte(f)).String(value)
}

// ScanPlaces calls fn for the records of an app that have a place below a FacetKey,
// the newest first, until it returns false or an error. With before they begin
// below that id.
func ScanPlaces[T any](rd Reader, places Rows[Place], records Rows[T], app gateway.AppID, at Key, before string, fn func(T) (more bool, err error)) error {
	rg := Range{Prefix: at, Reverse: true}
	if before != "" {
		rg.To = at.String(before)
	}
	return places.Scan(rd, rg, func(k Key, _ Place) (bool, error) {
		v, found, err := records.Find(rd, append(AppKey(app), k[len(at):]...))
		if err != nil || !found {
			return err == nil, err
		}
		return fn(v)
	})
}

// facet is what a record has of one.
type facet struct {
	by    Facet
	value string
}

// placesOf are where a record is found.
func placesOf(app gateway.AppID, id string, facets ...facet) (out []Key) {
	for _, f := range facets {
		if f.value != "" {
			out = append(out, FacetKey(app, f.by, f.value).String(id))
		}
	}
	return out
}

// movePlaces takes away the places that a record had and has no more, and puts
// those that it has now. It tells whether any is new.
func movePlaces(tx Tx, places Rows[Place], was, is []Key) (moved bool, err error) {
	for _, k := range was {
		if hasKey(is, k) {
			continue
		}
		if err := places.Delete(tx, k); err != nil {
			return moved, err
		}
	}
	for _, k := range is {
		if hasKey(was, k) {
			continue
		}
		if err := places.Put(tx, k, Place{}); err != nil {
			return moved, err
		}
		moved = true
	}
	return moved, nil
}

// expirePlaced has a record deleted at a time with the places it has now; said
// again of the same record and time, it replaces what was said before.
func expirePlaced(tx Tx, at time.Time, record Row, places Rows[Place], is []Key) error {
	rows := []Row{record}
	for _, k := range is {
		rows = append(rows, Row{places.Table, k})
	}
	return expireTogether(tx, at, rows)
}

func hasKey(keys []Key, k Key) bool {
	return slices.ContainsFunc(keys, func(x Key) bool { return bytes.Equal(x, k) })
}
