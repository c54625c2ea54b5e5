package wire

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/replygate/replygate/gateway"
)

// QuietHours are shown and read as {"from": "22:00", "to": "07:00"}, and with
// "timeZone" if there is one.
type QuietHours gateway.QuietHours

type quietJSON struct {
	From     *string `json:"from"`
	To       *string `json:"to"`
	TimeZone string  `json:"timeZone,omitempty"`
}

// MarshalJSON writes times of day.
func (q QuietHours) MarshalJSON() ([]byte, error) {
	from, to := gateway.Clock(q.From), gateway.Clock(q.To)
	return json.Marshal(quietJSON{&from, &to, q.TimeZone})
}

// UnmarshalJSON reads what MarshalJSON writes; both times are needed.
func (q *QuietHours) UnmarshalJSON(b []byte) error {
	var in quietJSON
	if json.Unmarshal(b, &in) != nil || in.From == nil || in.To == nil {
		return fmt.Errorf(`must be an object like {"from": "22:00", "to": "07:00"}`)
	}
	var out QuietHours
	var err error
	if out.From, err = gateway.ParseClock(*in.From); err != nil {
		return err
	}
	if out.To, err = gateway.ParseClock(*in.To); err != nil {
		return err
	}
	if _, err := time.LoadLocation(in.TimeZone); err != nil {
		return fmt.Errorf("timeZone must be a name like Europe/Paris")
	}
	out.TimeZone = in.TimeZone
	*q = out
	return nil
}
