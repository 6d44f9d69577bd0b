package load

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/zstd"
)

// check holds an answer against what is expected.
func (e *Expect) check(a *Answer) error {
	if e == nil {
		return nil
	}
	if n := int(a.size); n < e.MinBytes {
		return fmt.Errorf("%d bytes: fewer than %d", n, e.MinBytes)
	} else if e.MaxBytes > 0 && n > e.MaxBytes {
		return fmt.Errorf("%d bytes: more than %d", n, e.MaxBytes)
	}
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		if got := strings.Join(a.Header.Values(name), ", "); !strings.Contains(got, e.Headers[name]) {
			return fmt.Errorf("the header %s is %q, not %q", name, got, e.Headers[name])
		}
	}
	for _, text := range e.Contains {
		if !bytes.Contains(a.Body, []byte(text)) {
			return fmt.Errorf("the answer does not contain %q", text)
		}
	}
	for _, at := range e.Present {
		if v, err := find(a.Body, jsontext.Pointer(at)); err != nil || v.Kind() == 'n' {
			return fmt.Errorf("nothing is at %s", at)
		}
	}
	for _, at := range slices.Sorted(maps.Keys(e.JSON)) {
		v, err := find(a.Body, jsontext.Pointer(at))
		if err != nil {
			return fmt.Errorf("nothing is at %s", at)
		}
		if !same(v, e.JSON[at]) {
			return fmt.Errorf("at %s is %.60s, not %.60s", at, v, e.JSON[at])
		}
	}
	return nil
}

// same says whether two JSON values are equal.
func same(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

var errNothing = errors.New("nothing is there")

// find is the value at a pointer. It reads no further than it must.
func find(body []byte, at jsontext.Pointer) (jsontext.Value, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for token := range at.Tokens() {
		if err := enter(d, token); err != nil {
			return nil, err
		}
	}
	return d.ReadValue()
}

// enter goes to a member or an item of the value that comes next.
func enter(d *jsontext.Decoder, token string) error {
	tok, err := d.ReadToken()
	if err != nil {
		return err
	}
	switch tok.Kind() {
	case '{':
		for d.PeekKind() == '"' {
			name, err := d.ReadToken()
			if err != nil {
				return err
			}
			if name.String() == token {
				return nil
			}
			if err := d.SkipValue(); err != nil {
				return err
			}
		}
	case '[':
		for i := 0; d.PeekKind() != ']' && d.PeekKind() != 0; i++ {
			if fmt.Sprint(i) == token {
				return nil
			}
			if err := d.SkipValue(); err != nil {
				return err
			}
		}
	}
	return errNothing
}

// partial says what errors an answer of JSON has within it, "" for none, and whether something in it is a default.
func partial(body []byte) (first string, degraded bool) {
	degraded = bytes.Contains(body, []byte(`"degraded":[`))
	if bytes.Contains(body, []byte(`"errors":[`)) {
		v, err := find(body, "/errors/0")
		if err == nil {
			var e struct {
				Message    string `json:"message"`
				Extensions struct {
					Code string `json:"code"`
				} `json:"extensions"`
			}
			if json.Unmarshal(v, &e) != nil || e.Message == "" && e.Extensions.Code == "" {
				return "an error", degraded
			}
			if e.Extensions.Code != "" {
				return e.Extensions.Code, degraded // messages may hold keys: each would be a line of its own
			}
			return fmt.Sprintf("%.80s", e.Message), degraded
		}
	}
	if bytes.Contains(body, []byte(`"$type":"error"`)) {
		return "an error atom", degraded
	}
	return "", degraded
}

// plain is a body without its compression.
func plain(encoding string, body []byte) ([]byte, error) {
	switch encoding {
	case "", "identity":
		return body, nil
	case "gzip":
		r, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(io.LimitReader(r, maxAnswer))
	case "br":
		return io.ReadAll(io.LimitReader(brotli.NewReader(bytes.NewReader(body)), maxAnswer))
	case "zstd":
		r, err := zstd.NewReader(bytes.NewReader(body), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		defer r.Close()
		return io.ReadAll(io.LimitReader(r, maxAnswer))
	}
	return nil, fmt.Errorf("an answer in %q cannot be looked into: ask for gzip, zstd or br", encoding)
}
