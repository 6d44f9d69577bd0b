package load

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// subprotocol is how GraphQL is spoken over a WebSocket.
const subprotocol = "graphql-transport-ws"

// A socketMessage is one of the subprotocol, of either side.
type socketMessage struct {
	Type    string          `json:"type"`
	ID      string          `json:"id,omitempty"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// A sender sends as the run does, to any of its instances.
type sender func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (s sender) RoundTrip(r *http.Request) (*http.Response, error) { return s(r) }

// socket opens a connection, asks one operation on it, and listens as to any stream. Its time is that of all until the first answer.
func (l *loop) socket(ctx context.Context, st *step, a *Answer, sc *scope, late *time.Timer, cancel context.CancelCauseFunc) error {
	h := a.Request.Header.Clone()
	h.Del("Content-Type")
	h.Del("Accept")
	conn, resp, err := websocket.Dial(ctx, a.Request.URL.String(), &websocket.DialOptions{HTTPClient: &http.Client{Transport: sender(l.o.Send)}, HTTPHeader: h, Subprotocols: []string{subprotocol}}) //nolint:bodyclose // the connection closes it
	if resp != nil {
		a.Status, a.Header = resp.StatusCode, resp.Header
	}
	if err != nil {
		if a.Status != 0 && a.Status != http.StatusSwitchingProtocols {
			return fmt.Errorf("status %d instead of a WebSocket", a.Status)
		}
		return err
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(maxAnswer)
	say := func(m socketMessage) error {
		text, err := json.Marshal(m)
		if err != nil {
			return err
		}
		return conn.Write(ctx, websocket.MessageText, text)
	}
	if err := say(socketMessage{Type: "connection_init"}); err != nil {
		return err
	}
	s := st.row.Stream
	for {
		_, text, err := conn.Read(ctx)
		if err != nil && (a.events > 0 || l.cut.Err() != nil) {
			return nil // however it ended, it was listened to
		} else if err != nil {
			return err
		}
		a.size += int64(len(text))
		var m socketMessage
		if err := json.Unmarshal(text, &m); err != nil {
			return fmt.Errorf("a message is no JSON: %w", err)
		}
		switch m.Type {
		case "connection_ack":
			err = say(socketMessage{Type: "subscribe", ID: "1", Payload: json.RawMessage(st.gql.body(st.gql.variables.fill(sc), true))})
		case "ping":
			err = say(socketMessage{Type: "pong"})
		case "next":
			if a.events == 0 {
				a.Took = time.Since(a.Due)
				late.Stop()
				a.Partial, a.degraded = partial(m.Payload)
				if s.For > 0 {
					defer time.AfterFunc(time.Duration(s.For), func() { cancel(nil) }).Stop()
				}
				defer context.AfterFunc(l.cut, func() { cancel(nil) })() // the run is over
			}
			if a.events++; s.Events > 0 && a.events >= int64(s.Events) {
				return nil
			}
		case "error":
			return fmt.Errorf("the operation was refused: %.100s", m.Payload)
		case "complete":
			if a.events == 0 {
				return errEvent
			}
			return nil
		}
		if err != nil {
			return err
		}
	}
}
