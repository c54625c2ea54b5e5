package gateway

import (
	"errors"
	"fmt"
)

// Status is an SMTP answer (RFC 5321, section 4.2) with its enhanced code (RFC
// 3463) and a sentence for people. As an error it is what a peer may hear.
type Status struct {
	Code     int
	Enhanced [3]int
	Text     string
}

// Error makes a refusing Status an error.
func (s Status) Error() string { return s.String() }

// String is the answer on one line: "550 5.1.1 No such address".
func (s Status) String() string {
	return fmt.Sprintf("%d %d.%d.%d %s", s.Code, s.Enhanced[0], s.Enhanced[1], s.Enhanced[2], s.Text)
}

// Positive tells whether the answer takes responsibility (2yz).
func (s Status) Positive() bool { return s.Code >= 200 && s.Code < 300 }

// Temporary tells whether the peer should try again (4yz).
func (s Status) Temporary() bool { return s.Code >= 400 && s.Code < 500 }

// Permanent tells whether trying again is pointless (5yz).
func (s Status) Permanent() bool { return s.Code >= 500 }

// InternalError is what a peer hears of a failure on our side: its own queue
// keeps the mail.
var InternalError = Status{451, [3]int{4, 3, 0}, "Temporary trouble on our side, please try again"}

// StatusOf maps any error to an answer. What carries a Status keeps it; all
// else is temporary, so that an unforeseen bug delays mail and loses none.
func StatusOf(err error) Status {
	var s Status
	if errors.As(err, &s) && s.Code >= 200 {
		return s
	}
	return InternalError
}
