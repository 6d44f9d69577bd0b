// Package fault is the vocabulary of failure that every part of Facet shares: error kinds, one error struct, and diagnostics.
package fault

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// A Kind says what class of failure an error is. The same word is GraphQL's
// extensions.code, a problem's type and a JSON Graph error's code.
type Kind string

// The kinds. The set is closed: each protocol maps every one of them.
const (
	Invalid      Kind = "invalid"      // the asker's input is wrong; repeating it cannot help
	NotFound     Kind = "not_found"    // the named thing does not exist
	Unauthorized Kind = "unauthorized" // nobody, or nobody known, is asking
	Forbidden    Kind = "forbidden"    // the asker is known and may not
	Conflict     Kind = "conflict"     // somebody else changed it first: read again, then decide
	TooLarge     Kind = "too_large"    // the input or the answer is past a byte limit
	Limit        Kind = "limit"        // a limit other than bytes
	Timeout      Kind = "timeout"      // a deadline passed
	Unavailable  Kind = "unavailable"  // a part that is needed does not answer now
	BadAnswer    Kind = "bad_answer"   // a tier answered something that breaks its contract
	Canceled     Kind = "canceled"     // the asker went away
	Internal     Kind = "internal"     // a defect of ours; its text never leaves
)

// Kinds lists every kind in the order of their declaration.
func Kinds() []Kind {
	return []Kind{Invalid, NotFound, Unauthorized, Forbidden, Conflict, TooLarge, Limit, Timeout, Unavailable, BadAnswer, Canceled, Internal}
}

// An Error is a failure with a kind for machines, a sentence for people,
// a cause for operators and a hint with the next step.
type Error struct {
	Kind    Kind
	Op      string // what was being done: "storage.get", "tier catalog.titles"; may be empty
	Subject string // what it was done to: a key, a package, a view; may be empty
	Message string // one sentence, lower case, safe to show to the asker unless Kind is Internal; may be empty if Err is set
	Err     error  // the cause, for logs; never shown to a device
	Hint    string // the next step, often a command; may be empty
}

// Error prints op, subject, sentence and cause, in that order, leaving out what is empty.
func (e *Error) Error() string {
	var b strings.Builder
	part := func(s string) {
		if s == "" {
			return
		}
		if b.Len() > 0 {
			b.WriteString(": ")
		}
		b.WriteString(s)
	}
	part(e.Op)
	part(e.Subject)
	part(e.Message)
	if e.Err != nil {
		part(e.Err.Error())
	}
	if b.Len() == 0 {
		return string(e.Kind)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Public is the sentence that a device may read. The text of internal errors and of causes stays inside.
func (e *Error) Public() string {
	if e.Kind == Internal {
		return "internal error"
	}
	if e.Message != "" {
		return e.Message
	}
	return strings.ReplaceAll(string(e.Kind), "_", " ")
}

// New makes an error of a kind with a sentence.
func New(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an error of a kind around a cause.
func Wrap(k Kind, op, subject string, err error) *Error {
	return &Error{Kind: k, Op: op, Subject: subject, Err: err}
}

// WithHint returns a copy of e that names the next step.
func (e *Error) WithHint(format string, args ...any) *Error {
	c := *e
	c.Hint = fmt.Sprintf(format, args...)
	return &c
}

// KindOf is the kind of the first Error in err's chain; a context's own errors
// are Timeout and Canceled; anything else is Internal. It is "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return Timeout
	case errors.Is(err, context.Canceled):
		return Canceled
	}
	return Internal
}

// HintOf is the first hint in err's chain, or "".
func HintOf(err error) string {
	for err != nil {
		var e *Error
		if !errors.As(err, &e) {
			return ""
		}
		if e.Hint != "" {
			return e.Hint
		}
		err = e.Err
	}
	return ""
}

// Public is what a device may read of any error.
func Public(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Public()
	}
	switch KindOf(err) {
	case Timeout:
		return "timeout"
	case Canceled:
		return "canceled"
	}
	return "internal error"
}
