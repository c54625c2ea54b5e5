package inbound

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/inbound/message"
)

// FileLimits bounds the files of a mail.
type FileLimits struct {
	// Count is how many there may be, Size the most octets of one; 0: any.
	Count int
	Size  int
	// Refused are the extensions of names, lower case and without the dot, that are
	// not taken.
	Refused []string
}

// check answers a mail whose files are beyond the limits with a sentence that says
// which. It repeats nothing that the sender wrote.
func (l FileLimits) check(files []message.Attachment) error {
	refuse := func(code, subject, detail int, format string, args ...any) error {
		return gateway.Status{Code: code, Enhanced: [3]int{5, subject, detail}, Text: fmt.Sprintf(format, args...) + "; your mail was not posted"}
	}
	if l.Count > 0 && len(files) > l.Count {
		return refuse(550, 6, 0, "Your mail has more than %d files", l.Count)
	}
	for _, f := range files {
		if l.Size > 0 && len(f.Data) > l.Size {
			return refuse(552, 3, 4, "A file of your mail is larger than %d bytes", l.Size)
		}
		if kind := strings.ToLower(strings.TrimPrefix(path.Ext(f.Name), ".")); slices.Contains(l.Refused, kind) {
			return refuse(550, 7, 1, "Files of the kind .%s are not accepted here", kind)
		}
	}
	return nil
}
