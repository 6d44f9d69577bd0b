package contest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// Spliced is the page as somebody writes it who wants no service of this kind to be faster, on net/http: no types and no maps of
// values. Each tier's bytes are gone through once, and what the page shows is copied from where it stands. All buffers are pooled.
type Spliced struct{ *ByHand }

// NewSpliced makes the handler; addresses are the tiers' base URLs by Tier.Env.
func NewSpliced(addresses map[string]string) (*Spliced, error) {
	h, err := NewByHand(addresses)
	if err != nil {
		return nil, err
	}
	return &Spliced{h}, nil
}

// A splice is what one request needs, kept for the next.
type splice struct {
	who, shelf, cat, art, marks bytesOf
	ask, page                   []byte
	rows                        []spliceRow
	items                       []int32 // titles, row by row
	titles                      []spliceTitle
	byID                        map[string]int32 // into titles
}

type bytesOf struct{ b []byte }

type spliceRow struct {
	name     []byte
	from, to int // in items
}

// A spliceTitle is where a title's values stand: JSON, nil if missing.
type spliceTitle struct {
	id                                                 []byte // with quotes
	title, year, runtime, rating, synopsis, art, marks []byte
	known                                              bool
}

var splices = sync.Pool{New: func() any { return &splice{byID: map[string]int32{}} }}

// ServeHTTP answers the page, or 502 if any tier fails.
func (h *Spliced) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := splices.Get().(*splice)
	defer splices.Put(s)
	if err := h.compose(r.Context(), s); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	send(w, s.page)
}

func (h *Spliced) compose(ctx context.Context, s *splice) error {
	s.rows, s.items, s.titles = s.rows[:0], s.items[:0], s.titles[:0]
	clear(s.byID)
	if err := together(
		func() error { return h.read(ctx, http.MethodGet, h.Profiles+"/profiles/"+profile, nil, &s.who) },
		func() error {
			return h.read(ctx, http.MethodGet, h.Rows+"/profiles/"+profile+"/rows", nil, &s.shelf)
		},
	); err != nil {
		return err
	}
	if err := s.scanShelf(); err != nil {
		return err
	}
	s.ask = append(s.ask[:0], `{"ids":[`...)
	for i := range s.titles {
		if i > 0 {
			s.ask = append(s.ask, ',')
		}
		s.ask = append(s.ask, s.titles[i].id...)
	}
	s.ask = append(s.ask, "]}"...)
	if err := together(
		func() error { return h.read(ctx, http.MethodPost, h.Catalog+"/titles:batchGet", s.ask, &s.cat) },
		func() error { return h.read(ctx, http.MethodPost, h.Artwork+"/artwork:batchGet", s.ask, &s.art) },
		func() error { return h.read(ctx, http.MethodPost, h.Bookmarks+"/bookmarks:batchGet", s.ask, &s.marks) },
	); err != nil {
		return err
	}
	if err := s.scanTitles(); err != nil {
		return err
	}
	return s.write()
}

// read reads an answer into a buffer of its size.
func (h *Spliced) read(ctx context.Context, method, url string, body []byte, into *bytesOf) error {
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := h.Client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", r.URL, resp.Status)
	}
	n := int(resp.ContentLength)
	if n < 0 || n > maxAnswer {
		return fmt.Errorf("%s: %d bytes", r.URL, n)
	}
	if cap(into.b) < n {
		into.b = make([]byte, n+n/8)
	}
	into.b = into.b[:n]
	_, err = io.ReadFull(resp.Body, into.b)
	return err
}

// maxAnswer bounds what a tier may answer.
const maxAnswer = 8 << 20

func (s *splice) scanShelf() error {
	in := scan{b: s.shelf.b}
	return in.object(func(key []byte) error {
		if string(key) != "rows" {
			return in.skip()
		}
		return in.list(func() error {
			row := spliceRow{from: len(s.items)}
			err := in.object(func(key []byte) error {
				switch string(key) {
				case "name":
					row.name = in.value()
					return nil
				case "items":
					return in.list(func() error {
						return in.object(func(key []byte) error {
							v := in.value()
							if v == nil || string(key) != "id" {
								return nil
							}
							if len(s.items)-row.from < PerRow {
								s.items = append(s.items, s.title(v))
							}
							return nil
						})
					})
				}
				return in.skip()
			})
			row.to = len(s.items)
			s.rows = append(s.rows, row)
			return err
		})
	})
}

// title is the place of a title; id has its quotes.
func (s *splice) title(id []byte) int32 {
	if i, ok := s.byID[string(id)]; ok {
		return i
	}
	i := int32(len(s.titles))
	s.byID[string(id)] = i
	s.titles = append(s.titles, spliceTitle{id: id})
	return i
}

func (s *splice) scanTitles() error {
	type fields [6][]byte
	// each goes through one tier's rows: of each, the id and the fields named are kept.
	each := func(b []byte, list string, names []string, keep func(t *spliceTitle, f *fields)) error {
		in := scan{b: b}
		return in.object(func(key []byte) error {
			if string(key) != list {
				return in.skip()
			}
			return in.list(func() error {
				var f fields
				var id []byte
				err := in.object(func(key []byte) error {
					v := in.value()
					if v == nil {
						return errScan
					}
					if string(key) == "id" {
						id = v
						return nil
					}
					for i, name := range names {
						if string(key) == name {
							f[i] = v
							break
						}
					}
					return nil
				})
				if i, ok := s.byID[string(id)]; ok && err == nil {
					keep(&s.titles[i], &f)
				}
				return err
			})
		})
	}
	if err := each(s.cat.b, "titles", catalogFields, func(t *spliceTitle, f *fields) {
		t.known, t.title, t.year, t.runtime, t.rating, t.synopsis = true, f[0], f[1], f[2], f[3], f[4]
	}); err != nil {
		return err
	}
	if err := each(s.art.b, "artwork", artworkFields, func(t *spliceTitle, f *fields) { t.art = f[0] }); err != nil {
		return err
	}
	return each(s.marks.b, "bookmarks", bookmarkFields, func(t *spliceTitle, f *fields) { t.marks = f[0] })
}

var (
	catalogFields  = []string{"title", "year", "runtimeMinutes", "rating", "synopsis"}
	artworkFields  = []string{"url"}
	bookmarkFields = []string{"positionSeconds"}
)

func (s *splice) write() error {
	var name []byte
	var recent [][]byte
	in := scan{b: s.who.b}
	if err := in.object(func(key []byte) error {
		switch string(key) {
		case "name":
			name = in.value()
			return nil
		case "recentSearches":
			return in.list(func() error {
				recent = append(recent, in.value())
				return nil
			})
		}
		return in.skip()
	}); err != nil {
		return err
	}
	b := append(append(s.page[:0], `{"data":{"home":{"name":`...), orNull(name)...)
	b = append(b, `,"recent":[`...)
	b = append(append(b, bytes.Join(recent[:min(3, len(recent))], []byte(","))...), `],"rows":[`...)
	for i, row := range s.rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, `{"name":`...), orNull(row.name)...), `,"items":[`...)
		some := false
		for _, k := range s.items[row.from:row.to] {
			t := &s.titles[k]
			if !t.known {
				continue
			}
			if some {
				b = append(b, ',')
			}
			some = true
			b = append(append(b, `{"id":"Card:`...), t.id[1:]...)
			b = append(append(b, `,"title":`...), orNull(t.title)...)
			b = append(append(b, `,"year":`...), orNull(t.year)...)
			b = append(append(b, `,"runtimeMinutes":`...), orNull(t.runtime)...)
			b = append(append(b, `,"rating":`...), orNull(t.rating)...)
			b = append(append(b, `,"synopsis":`...), orNull(t.synopsis)...)
			b = append(append(b, `,"art":`...), orNull(t.art)...)
			b = append(append(b, `,"at":`...), orNull(t.marks)...)
			b = append(b, '}')
		}
		b = append(b, "]}"...)
	}
	s.page = append(b, "]}}}"...)
	return nil
}

func orNull(v []byte) []byte {
	if len(v) == 0 {
		return []byte("null")
	}
	return v
}
