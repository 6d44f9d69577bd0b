package trouble

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"maps"

	"google.golang.org/protobuf/encoding/protowire"
)

// huge is how large an answer gets that lies about its size, in bytes.
const huge = 32 << 20

// nobody is the id of rows that nobody asked for.
const nobody = "nobody-1900"

// lieInJSON changes an answer. What is no JSON stays as it is.
func lieInJSON(lie string, body []byte) []byte {
	if lie == "" || len(body) == 0 {
		return body
	}
	if lie == Huge {
		return bytes.Join([][]byte{body[:1], bytes.Repeat([]byte(" "), huge), body[1:]}, nil)
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
	case Huge: // a field that nobody knows
		out = protowire.AppendBytes(protowire.AppendTag(bytes.Clone(frame[5:]), 1000, protowire.BytesType), make([]byte, huge))
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
	return append(binary.BigEndian.AppendUint32([]byte{frame[0]}, uint32(len(out))), out...) //nolint:gosec // at most 33 MB
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
