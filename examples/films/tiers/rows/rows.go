// Package rows is the tier that decides what a profile's home shows, and in which order. It knows ids, never what they stand for.
package rows

import (
	"cmp"
	"encoding/json"
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"

	"facet/examples/films/data"
	"facet/examples/films/tiers/wire"
)

// mostRows is how long a home is.
const mostRows = 60

type row struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Items []item `json:"items"`
}

// Handler serves the tier:
//
//	GET /profiles/{id}/rows?offset=0&limit=20 -> {"total": 60, "rows": [{"id", "name", "items": [{"type": "title", "id": …}, …]}]}
//
// A profile has at least 40 rows, the same ones at every call; a row has up to 75 items.
func Handler(l *data.Library) http.Handler {
	stocks := map[data.Maturity]stocked{
		data.Kids:   encoded(fill(l, data.Kids)),
		data.Adults: encoded(fill(l, data.Adults)),
	}
	return wire.Mux(map[string]http.HandlerFunc{
		"GET /profiles/{id}/rows": func(w http.ResponseWriter, r *http.Request) {
			p, ok := data.OneProfile(r.PathValue("id"))
			if !ok {
				wire.Fail(w, http.StatusNotFound, "there is no profile %q", r.PathValue("id"))
				return
			}
			offset, limit, ok := wire.Page(w, r)
			if !ok {
				return
			}
			dealt := stocks[p.Maturity].deal(p.ID)
			body := wire.Join("rows", wire.Cut(dealt, offset, limit))
			body = append(body[:len(body)-1], `,"total":`...)
			wire.WriteBytes(w, append(strconv.AppendInt(body, int64(len(dealt)), 10), '}'))
		},
	})
}

// stocked is a stock whose rows are encoded: a request only orders and joins them.
type stocked struct {
	first, rest []encodedRow
}

type encodedRow struct {
	id   string
	json []byte
}

func encoded(s stock) stocked {
	encode := func(shelves []shelf) []encodedRow {
		out := make([]encodedRow, len(shelves))
		for i, sh := range shelves {
			b, err := json.Marshal(row{sh.id, sh.name, sh.items})
			if err != nil {
				panic(err) // plain strings always encode
			}
			out[i] = encodedRow{sh.id, b}
		}
		return out
	}
	return stocked{encode(s.first), encode(s.rest)}
}

// deal is a profile's home: the rows that all see first, then the others in an order that its id decides.
func (s stocked) deal(profile string) [][]byte {
	type place struct {
		at   uint64
		json []byte
	}
	rest := make([]place, len(s.rest))
	for i, r := range s.rest {
		h := fnv.New64a()
		_, _ = h.Write([]byte(profile + "\x00" + r.id)) // a hash never fails
		rest[i] = place{h.Sum64(), r.json}
	}
	slices.SortFunc(rest, func(a, b place) int { return cmp.Compare(a.at, b.at) })
	out := make([][]byte, 0, mostRows)
	for _, r := range s.first {
		out = append(out, r.json)
	}
	for _, r := range rest[:min(len(rest), mostRows-len(out))] {
		out = append(out, r.json)
	}
	return out
}
