package trouble

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"maps"

	"google.golang.org/protobuf/encoding/protowire"
)

// huge is how large an answer gets that lies about its size, in bytes.
const huge = 32 << 20

// nobody is the id of rows that nobody asked for.
const nobody = "nobody-1900"

// padding is a part of a huge answer: JSON may have it between any two tokens.
var padding = bytes.Repeat([]byte(" "), 64<<10)

// blowUp sends an answer with what makes it huge after its first bytes, as long as the caller takes it.
func blowUp(w io.Writer, body []byte, first int) {
	if _, err := w.Write(body[:first]); err != nil {
		return
	}
	for range huge / len(padding) {
		if _, err := w.Write(padding); err != nil {
			return
		}
	}
	_, _ = w.Write(body[first:]) // the caller has left: there is nobody to tell
}

// lieInJSON changes an answer. What is no JSON stays as it is.
func lieInJSON(lie string, body []byte) []byte {
	if lie == "" {
		return body
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return body
	}
	out, err := json.Marshal(lieIn(lie, "", v))
	if err != nil {
		return body
	}
	return out
}

// lieIn changes lists, or values that do not name an entity.
func lieIn(lie, name string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = lieIn(lie, k, x)
		}
		return out
	case []any:
		out := make([]any, 0, 2*len(v)+1)
		for i, x := range v {
			switch {
			case lie == MissingRows && i%2 == 0:
				continue
			case lie == DuplicateRows:
				out = append(out, x)
			}
			if lie == WrongType {
				x = lieIn(lie, name, x)
			}
			out = append(out, x)
		}
		if lie == ExtraRows && len(v) > 0 {
			out = append(out, stranger(v[0]))
		}
		return out
	}
	if lie != WrongType || name == "id" || v == nil {
		return v
	}
	if _, isText := v.(string); isText {
		return []any{7}
	}
	return "seven"
}

// stranger is a row like another, of nobody.
func stranger(row any) any {
	m, ok := row.(map[string]any)
	if !ok {
		return nobody
	}
	m = maps.Clone(m)
	for _, k := range []string{"id", "title"} {
		if _, ok := m[k]; ok {
			m[k] = nobody
		}
	}
	return m
}

// lieInProto changes the one message of a unary answer: its frame is a byte, four of length, then the message. Rows are its fields.
func lieInProto(lie string, frame []byte) []byte {
	if len(frame) < 5 || lie == "" {
		return frame
	}
	var out []byte
	switch rows := fields(frame[5:]); lie {
	case WrongType: // field 1 as another type than bytes
		out = protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 7)
	default:
		for i, row := range rows {
			if lie == DuplicateRows || lie == ExtraRows && i == 0 {
				out = append(out, row...)
			}
			if lie != MissingRows || i%2 == 1 {
				out = append(out, row...)
			}
		}
		if lie == ExtraRows && len(rows) > 0 { // field 1 of a row is its id
			id := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), nobody)
			out = protowire.AppendBytes(protowire.AppendTag(out, 1, protowire.BytesType), id)
		}
	}
	return append(framed(frame[0], len(out)), out...)
}

// framed begins a frame of n bytes.
func framed(flags byte, n int) []byte {
	return binary.BigEndian.AppendUint32([]byte{flags}, uint32(n)) //nolint:gosec // at most 33 MB
}

// hugeProto is a frame to blow up at its end: a field that nobody knows, of huge bytes.
func hugeProto(frame []byte) []byte {
	if len(frame) < 5 {
		return frame
	}
	field := protowire.AppendVarint(protowire.AppendTag(nil, 1000, protowire.BytesType), huge)
	return append(framed(frame[0], len(frame)-5+len(field)+huge), append(bytes.Clone(frame[5:]), field...)...)
}

// fields are the fields of a message, each with its tag; nil if it is none.
func fields(message []byte) [][]byte {
	var out [][]byte
	for len(message) > 0 {
		_, _, n := protowire.ConsumeField(message)
		if n < 0 {
			return nil
		}
		out = append(out, message[:n])
		message = message[n:]
	}
	return out
}
