package bookmarks

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"facet/examples/films/data"
)

// The bounds of the store: bookmarks and list entries together.
const (
	mostPerProfile = 2_000
	mostEntries    = 200_000
)

// A store is what all profiles keep. Its methods may be called from many goroutines.
type store struct {
	now func() time.Time

	mu      sync.Mutex
	entries int
	keep    map[string]*kept // by profile
}

type kept struct {
	marks map[string]bookmark // by film
	list  []string            // films, the latest first
}

func newStore(now func() time.Time) *store {
	s := &store{now: now, keep: map[string]*kept{}}
	start := now()
	for _, p := range data.Profiles() {
		k := s.of(p.ID)
		for i, m := range p.Watched {
			k.marks[m.Title] = bookmark{m.Title, m.PositionSeconds, stamp(start.Add(-time.Duration(i+1) * 26 * time.Hour))}
		}
		k.list = slices.Clone(p.MyList)
		s.entries += len(k.marks) + len(k.list)
	}
	return s
}

// stamp is a time as the tier sends it: UTC, whole milliseconds.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// of is a profile's part; the caller holds mu, or nobody else knows the store yet.
func (s *store) of(profile string) *kept {
	k := s.keep[profile]
	if k == nil {
		k = &kept{marks: map[string]bookmark{}}
		s.keep[profile] = k
	}
	return k
}

// room says whether one more entry fits.
func (s *store) room(k *kept) bool {
	return s.entries < mostEntries && len(k.marks)+len(k.list) < mostPerProfile
}

// marks are the bookmarks among films, in the order of films, each once.
func (s *store) marks(profile string, films []string) []bookmark {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []bookmark{}
	k, ok := s.keep[profile]
	if !ok {
		return out
	}
	seen := make(map[string]bool, len(films))
	for _, id := range films {
		if m, ok := k.marks[id]; ok && !seen[id] {
			seen[id] = true
			out = append(out, m)
		}
	}
	return out
}

// latest are all bookmarks of a profile, the latest first.
func (s *store) latest(profile string) []bookmark {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []bookmark{}
	if k, ok := s.keep[profile]; ok {
		for _, m := range k.marks {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b bookmark) int {
		return cmp.Or(b.UpdatedAt.Compare(a.UpdatedAt), cmp.Compare(a.Title, b.Title))
	})
	return out
}

func (s *store) mark(profile, film string, seconds int) (bookmark, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.of(profile)
	if _, there := k.marks[film]; !there {
		if !s.room(k) {
			return bookmark{}, false
		}
		s.entries++
	}
	m := bookmark{film, seconds, stamp(s.now())}
	k.marks[film] = m
	return m, true
}

func (s *store) unmark(profile, film string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.keep[profile]
	if k == nil {
		return
	}
	if _, there := k.marks[film]; there {
		delete(k.marks, film)
		s.entries--
	}
}

// listed is a profile's list, the latest first.
func (s *store) listed(profile string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k, ok := s.keep[profile]; ok {
		return slices.Clone(k.list)
	}
	return nil
}

// push puts a film at the front of the list and says how long the list is; a film that was there keeps its place.
func (s *store) push(profile, film string) (total int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.of(profile)
	if !slices.Contains(k.list, film) {
		if !s.room(k) {
			return 0, false
		}
		k.list = slices.Insert(k.list, 0, film)
		s.entries++
	}
	return len(k.list), true
}

// drop takes a film off the list and says how long the list is.
func (s *store) drop(profile, film string) (total int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.keep[profile]
	if k == nil {
		return 0
	}
	if i := slices.Index(k.list, film); i >= 0 {
		k.list = slices.Delete(k.list, i, i+1)
		s.entries--
	}
	return len(k.list)
}
