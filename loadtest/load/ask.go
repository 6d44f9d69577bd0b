package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 20

var (
	errLong  = errors.New("the answer is longer than 64 MiB")
	errEvent = errors.New("the stream ended without an event")
	errSlow  = errors.New("no answer in time")
)

// bodies are buffers of answers that nobody keeps.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// ask makes the request of a step, whole, and takes down what came of it.
func (l *loop) ask(st *step, due time.Time, sc *scope) (*Answer, error) {
	sc.next(st.own)
	a := &Answer{Row: st.row, Due: due}
	keeps := l.o.Check != nil || l.o.Failed != nil
	var buf *bytes.Buffer
	if keeps {
		buf = new(bytes.Buffer)
	} else if st.looks {
		buf = bodies.Get().(*bytes.Buffer)
		buf.Reset()
	}
	l.sent.Add(1)
	err := l.exchange(st, a, sc, buf, false)
	if st.gql != nil && st.gql.apq && err != nil && a.Status != 0 && bytes.Contains(a.Body, []byte("PersistedQueryNotFound")) {
		err = l.exchange(st, a, sc, buf, true) // as a client does, on the same clock
	}
	if err == nil {
		err = l.look(st, a)
	}
	l.r.add(st, a, err, l.o.Failed)
	if buf != nil && !keeps {
		if len(st.saves) > 0 && err == nil {
			a.Body = bytes.Clone(a.Body)
		} else {
			a.Body = nil
		}
		if buf.Cap() < 1<<20 {
			bodies.Put(buf)
		}
	}
	return a, err
}

// exchange sends one request and reads the answer. The run's end does not cut it off: only its own timeout does.
func (l *loop) exchange(st *step, a *Answer, sc *scope, buf *bytes.Buffer, whole bool) error {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(l.cut))
	defer cancel(nil)
	late := time.AfterFunc(l.timeout, func() { cancel(errSlow) })
	defer late.Stop()
	defer func() {
		if a.events == 0 {
			a.Took = time.Since(a.Due)
		}
	}()
	req, err := st.request(ctx, l.o.Base, sc, whole)
	a.Request = req
	if a.Sent.IsZero() {
		a.Sent = time.Now()
	}
	if err != nil {
		return err
	}
	if st.row.Stream != nil && st.row.Stream.Socket {
		if err := l.socket(ctx, st, a, sc, late, cancel); err == nil || context.Cause(ctx) != errSlow { //nolint:errorlint // the very one
			return err
		}
		return errSlow
	}
	resp, err := l.o.Send(req)
	if err != nil {
		if context.Cause(ctx) == errSlow { //nolint:errorlint // the very one
			return errors.Join(errSlow, err)
		}
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	a.Status, a.Header = resp.StatusCode, resp.Header
	if st.row.Stream != nil && st.row.right(a.Status) {
		return l.listen(st.row.Stream, a, resp.Body, late, cancel)
	}
	body := io.LimitReader(resp.Body, maxAnswer+1)
	if buf == nil {
		a.size, err = io.Copy(io.Discard, body)
	} else {
		buf.Reset()
		if n := resp.ContentLength; n > 0 && n <= maxAnswer {
			buf.Grow(int(n) + bytes.MinRead) // ReadFrom wants so much more to see the end
		}
		a.size, err = buf.ReadFrom(body)
		a.Body = buf.Bytes()
	}
	switch {
	case err != nil && context.Cause(ctx) == errSlow: //nolint:errorlint // the very one
		return errors.Join(errSlow, err)
	case err != nil:
		return fmt.Errorf("the answer broke off: %w", err)
	case a.size > maxAnswer:
		return errLong
	case !st.row.right(a.Status):
		return fmt.Errorf("status %d", a.Status)
	}
	return nil
}

// look holds an answer against what is expected of it.
func (l *loop) look(st *step, a *Answer) error {
	if st.looks {
		body, err := plain(a.Header.Get("Content-Encoding"), a.Body)
		if err != nil {
			return err
		}
		a.Body = body
		if isJSON(a.Header) {
			a.Partial, a.degraded = partial(body)
			if st.row.Expect != nil && st.row.Expect.Errors {
				a.Partial = ""
			}
		}
	}
	if err := st.row.Expect.check(a); err != nil {
		return err
	}
	if l.o.Check != nil {
		return l.o.Check(a)
	}
	return nil
}

func isJSON(h http.Header) bool { return strings.Contains(h.Get("Content-Type"), "json") }

// listen reads the events of a stream. Its time is that of the first event; what ends it afterwards is no failure.
func (l *loop) listen(s *Stream, a *Answer, body io.Reader, late *time.Timer, cancel context.CancelCauseFunc) error {
	if s.For > 0 {
		defer time.AfterFunc(time.Duration(s.For), func() { cancel(nil) }).Stop()
	}
	defer context.AfterFunc(l.cut, func() { cancel(nil) })() // the run is over
	lines := bufio.NewReader(body)
	data := false // of the event that is being read
	for {
		line, err := lines.ReadSlice('\n')
		a.size += int64(len(line))
		switch text := bytes.TrimRight(line, "\r\n"); {
		case errors.Is(err, bufio.ErrBufferFull):
			data = data || len(line) > 0 // a long line of data: its rest comes next
			continue
		case bytes.HasPrefix(text, []byte("data")) || bytes.HasPrefix(text, []byte("event")):
			data = true
		case len(text) == 0 && data:
			if data = false; a.events == 0 {
				a.Took = time.Since(a.Due)
				late.Stop()
			}
			if a.events++; s.Events > 0 && a.events >= int64(s.Events) {
				return nil
			}
		}
		if err != nil && a.events == 0 && l.cut.Err() == nil {
			return errEvent
		} else if err != nil {
			return nil // however it ended, it was listened to
		}
	}
}

// save takes values of an answer for later steps.
func (s *scope) save(st *step, a *Answer) error {
	for _, name := range st.saves {
		v, err := find(a.Body, jsontext.Pointer(st.row.Save[name]))
		if err != nil {
			return fmt.Errorf("nothing to save at %s", st.row.Save[name])
		}
		if s.session == nil {
			s.session = map[string]value{}
		}
		s.session[name] = valueOf([]byte(v))
	}
	return nil
}

// says is what a failure is counted as: without addresses, which would make each one another.
func says(err error) string {
	if errors.Is(err, errSlow) {
		return errSlow.Error()
	}
	var taken *BackendError
	if errors.As(err, &taken) {
		return taken.Backend + " did not answer: " + says(taken.Err)
	}
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err.Error()
	}
	return err.Error()
}
