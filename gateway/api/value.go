package api

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// takeValue reads a value; a nil raw is its zero.
func takeValue[T any](raw json.RawMessage, to *T) error {
	var v T
	if raw == nil {
		*to = v
		return nil
	}
	v = *to
	if err := json.Unmarshal(raw, &v); err != nil {
		return errors.New("has the wrong type: " + kindOf(raw) + " does not belong there")
	}
	*to = v
	return nil
}

func kindOf(raw json.RawMessage) string {
	switch raw[0] {
	case '"':
		return "a string"
	case '{':
		return "an object"
	case '[':
		return "an array"
	case 't', 'f':
		return "true or false"
	}
	return "a number"
}

// takeCount reads a whole number above zero; null is 0.
func takeCount(raw json.RawMessage, to *int) error {
	n := 0
	if raw != nil {
		if json.Unmarshal(raw, &n) != nil || n < 1 {
			return errors.New("is a whole number from 1, or null")
		}
	}
	*to = n
	return nil
}

// takeOptional reads a duration; null unsets it.
func takeOptional(raw json.RawMessage, to **time.Duration) error {
	if raw == nil {
		*to = nil
		return nil
	}
	var d time.Duration
	err := takeDuration(raw, &d)
	*to = &d
	return err
}

// takeDuration reads a number of seconds, or a string like "90s", "5m", "2h" or
// "7d"; null is 0.
func takeDuration(raw json.RawMessage, to *time.Duration) error {
	*to = 0
	if raw == nil {
		return nil
	}
	var n float64
	if json.Unmarshal(raw, &n) == nil {
		return fromSeconds(n, to)
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return errDuration
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseFloat(days, 64)
		if err != nil {
			return errDuration
		}
		return fromSeconds(n*24*60*60, to)
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		return fromSeconds(n, to)
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return errDuration
	}
	*to = d
	return nil
}

var errDuration = errors.New(`is a number of seconds, or a string like "90s", "5m", "2h" or "7d"`)

func fromSeconds(n float64, to *time.Duration) error {
	if math.IsNaN(n) || math.Abs(n) > 1e9 {
		return errDuration
	}
	*to = time.Duration(n * float64(time.Second))
	return nil
}

// seconds is a duration as the API shows it.
func seconds(d time.Duration) float64 { return d.Seconds() }
