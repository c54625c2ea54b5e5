package dns

import (
	"errors"
	"fmt"
)

// What an Error can stand on, beside network errors.
var (
	// ErrNotFound: the name does not exist, or has no record of that type.
	ErrNotFound = errors.New("no such record")
	// ErrNoName is the ErrNotFound of a name that does not exist at all, nor any
	// below it (NXDOMAIN: RFC 8020).
	ErrNoName = fmt.Errorf("%w: the name does not exist", ErrNotFound)
	// ErrBudget: the queries or the time of a Budget are used up.
	ErrBudget = errors.New("the budget for DNS is used up")
	// ErrAnswer: a server answered, but not usefully (SERVFAIL, REFUSED, …).
	ErrAnswer = errors.New("the DNS server did not answer the question")
)

// Error is why a lookup gave nothing.
type Error struct {
	Name string // the name asked for
	Type string // the type of record: "TXT"
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("look up %s of %q: %v", e.Type, e.Name, e.Err) }

func (e *Error) Unwrap() error { return e.Err }

// Temporary tells whether asking again later may help: always, unless the
// record is known not to exist.
func (e *Error) Temporary() bool { return !errors.Is(e.Err, ErrNotFound) }

// IsNotFound tells whether err says for good that there is no such record.
func IsNotFound(err error) bool { return errors.Is(err, ErrNotFound) }
