package message

import "strings"

// Bounds of message identifiers: a header line has at most 998 octets (RFC
// 5322, section 2.1.1), and no client keeps a longer row of ancestors.
const (
	maxID  = 998
	maxIDs = 200
)

// parseIDs reads the identifiers of Message-ID, In-Reply-To or References (RFC
// 5322, section 3.6.4). White space inside the brackets, which folding leaves
// behind, is dropped. A field without brackets is one identifier if it has an @.
// Of more than maxIDs the last are kept: they are the nearest.
func parseIDs(fields []string) []string {
	var ids []string
	for _, f := range fields {
		ids = append(ids, bracketed(f)...)
		if len(ids) > 0 || strings.ContainsAny(f, "<>") {
			continue
		}
		if id := cleanID(f); strings.Contains(id, "@") && len(id) <= maxID {
			ids = append(ids, id)
		}
	}
	if len(ids) > maxIDs {
		ids = ids[len(ids)-maxIDs:]
	}
	return ids
}

func bracketed(f string) []string {
	var ids []string
	for {
		_, rest, ok := strings.Cut(f, "<")
		if !ok {
			return ids
		}
		id, after, ok := strings.Cut(rest, ">")
		if !ok {
			return ids
		}
		if i := strings.LastIndexByte(id, '<'); i >= 0 {
			id = id[i+1:]
		}
		if id = cleanID(id); id != "" && len(id) <= maxID {
			ids = append(ids, id)
		}
		f = after
	}
}

// cleanID drops white space, control characters and octets that are no UTF-8,
// so that an identifier can be written into a header of ours as it is.
func cleanID(s string) string {
	s = clean(s)
	return strings.Map(func(r rune) rune {
		if r == ' ' {
			return -1
		}
		return r
	}, s)
}
