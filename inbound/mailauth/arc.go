package mailauth

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway"
)

// maxSets is how many sets a chain may have (RFC 8617, section 4.2.1).
const maxSets = 50

// arcFields are the fields of a set, in the order of bits.
var arcFields = [...]string{"ARC-Authentication-Results", "ARC-Message-Signature", "ARC-Seal"}

// readARC reads what forwarders claim to have found (RFC 8617): whether their
// chain is whole by section 5.2, steps 1 to 3, and what its last seal says. No
// seal is verified, so the answer is never "pass": whoever can write a mail can
// write a chain.
func readARC(fields []dkim.Field) (v gateway.Verdict, sealer string) {
	var sets [maxSets + 1]int // bits of arcFields
	var cv [maxSets + 1]string
	last, broken := 0, false
	for i := range fields {
		for bit, name := range arcFields {
			if !fields[i].Is(name) {
				continue
			}
			tags := arcTags(fields[i].Value())
			n, err := strconv.Atoi(tags["i"])
			if err != nil || n < 1 || n > maxSets || sets[n]&(1<<bit) != 0 {
				broken = true
				break
			}
			sets[n] |= 1 << bit
			if name == "ARC-Seal" {
				cv[n] = strings.ToLower(tags["cv"])
				if n > last {
					sealer = strings.ToLower(tags["d"])
				}
			}
			last = max(last, n)
		}
	}
	if last == 0 && !broken {
		return "", ""
	}
	sealer, err := gateway.ParseDomain(sealer)
	if err != nil {
		sealer = ""
	}
	for n := 1; n <= last; n++ {
		want := "pass"
		if n == 1 {
			want = "none"
		}
		broken = broken || sets[n] != 1<<len(arcFields)-1 || cv[n] != want
	}
	if broken {
		return gateway.VerdictFail, sealer
	}
	return gateway.VerdictUnverified, sealer
}

// arcTags reads the first tags of a field (RFC 6376, section 3.2). A field of
// results has one tag only, its instance.
func arcTags(value []byte) map[string]string {
	tags := map[string]string{}
	for part := range bytes.SplitSeq(value, []byte{';'}) {
		name, v, ok := bytes.Cut(part, []byte{'='})
		if len(tags) == 20 {
			break
		}
		if key := string(bytes.TrimSpace(name)); ok && len(key) <= 8 && len(v) < 1<<16 && tags[key] == "" {
			tags[key] = string(bytes.TrimSpace(v[:min(len(v), 256)]))
		}
	}
	return tags
}

// replyElsewhere tells whether a mail asks for answers at another address than its
// author's. What cannot be read counts as another.
func replyElsewhere(fields []dkim.Field, author gateway.Address) bool {
	for i := range fields {
		if !fields[i].Is("Reply-To") || len(bytes.TrimSpace(fields[i].Value())) == 0 {
			continue
		}
		if len(fields[i].Raw) > maxFrom {
			return true
		}
		a, err := parseMailbox(fields[i].Value())
		if err != nil || a.Folded() != author.Folded() {
			return true
		}
	}
	return false
}
