// Package trouble makes a tier lag, fail and lie on command: for tests, for demonstrations, for the evening before a release.
package trouble

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What Fail may be, beside a status from 400 to 599.
const (
	Reset    = "reset"    // the connection breaks before the answer
	Hang     = "hang"     // no answer, until the caller leaves
	Truncate = "truncate" // half of the answer, then the connection breaks
)

// What Lie may be.
const (
	WrongType     = "wrong-type"     // values are of another type than they were
	MissingRows   = "missing-rows"   // of every two rows the first is left out
	ExtraRows     = "extra-rows"     // rows that nobody asked for, at the end
	DuplicateRows = "duplicate-rows" // every row twice
	HTML          = "html"           // 200 with a page for people, as from a proxy
	Huge          = "huge"           // the answer, blown up to 32 MB
	LostAnswer    = "lost-answer"    // the call has its effect, then the connection breaks instead of the answer
)

// Fails and Lies are all of their kind; a status is not among them.
func Fails() []string { return []string{Reset, Hang, Truncate} }

// Lies are all that Lie may be.
func Lies() []string {
	return []string{WrongType, MissingRows, ExtraRows, DuplicateRows, HTML, Huge, LostAnswer}
}

// The longest that a tier lags or is in trouble by itself.
const longest = time.Hour

// A Trouble is what is wrong with a tier. The zero Trouble is none.
type Trouble struct {
	Lag    Span    `json:"lag,omitzero"`    // every answer waits for this long
	Jitter Span    `json:"jitter,omitzero"` // and for up to this much more
	Fail   string  `json:"fail,omitempty"`  // a status such as "503", or one of Fails
	Lie    string  `json:"lie,omitempty"`   // one of Lies
	Rate   float64 `json:"rate,omitempty"`  // the share of calls that fail or lie; 0: all
	For    Span    `json:"for,omitzero"`    // it is over after this long; 0: when it is told so
}

// A Span is a time.Duration that is text in JSON: "250ms".
type Span time.Duration

// MarshalText is the span as Go writes it.
func (s Span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// UnmarshalText reads "250ms".
func (s *Span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if err != nil || d < 0 || d > longest {
		return fmt.Errorf("%q is no time from 0s to %v, such as 250ms", text, longest)
	}
	*s = Span(d)
	return nil
}

// Read reads a Trouble of at most 4 KB: {"lag": "200ms", "fail": 503, "rate": 0.5}. A status may be a number. Nothing is none.
func Read(r io.Reader) (Trouble, error) {
	text, err := io.ReadAll(io.LimitReader(r, 4<<10+1))
	if err != nil {
		return Trouble{}, err
	}
	if len(text) > 4<<10 {
		return Trouble{}, errors.New("a trouble is told in 4 KB")
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return Trouble{}, nil
	}
	var in struct {
		Trouble
		Fail any `json:"fail"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(&in); err != nil {
		return Trouble{}, fmt.Errorf("a trouble has lag, jitter, fail, lie, rate and for: %w", err)
	}
	t := in.Trouble
	switch fail := in.Fail.(type) {
	case nil:
	case string:
		t.Fail = fail
	case json.Number:
		t.Fail = fail.String()
	default:
		return Trouble{}, fmt.Errorf("fail is a status or one of %s", strings.Join(Fails(), ", "))
	}
	return t, t.check()
}

func (t Trouble) check() error {
	if _, isStatus := t.status(); t.Fail != "" && !isStatus && !slices.Contains(Fails(), t.Fail) {
		return fmt.Errorf("fail is %q: a status from 400 to 599, or one of %s", t.Fail, strings.Join(Fails(), ", "))
	}
	if t.Lie != "" && !slices.Contains(Lies(), t.Lie) {
		return fmt.Errorf("lie is %q: one of %s", t.Lie, strings.Join(Lies(), ", "))
	}
	if t.Rate < 0 || t.Rate > 1 {
		return fmt.Errorf("rate is %v: a share from 0 to 1", t.Rate)
	}
	return nil
}

func (t Trouble) status() (int, bool) {
	n, err := strconv.Atoi(t.Fail)
	return n, err == nil && n >= 400 && n <= 599
}
