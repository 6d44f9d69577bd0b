package cache

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"facet/graph"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const sdl = `
extend schema
  @source(name: "catalog", http: { baseURL: "{$env.C}" }, cache: { maxAge: "1m", missing: "10s" })
  @source(name: "people", http: { baseURL: "{$env.P}" }, cache: { maxAge: "1m" })

type Title @key(fields: "id")
  @connect(source: "catalog", http: { POST: "/t", body: "ids: $batch.id" }, selection: "$.titles { id name similar { id name } }") {
  id: ID!
  name: String
  similar: [Title!]
  mark(profile: ID!): Int @connect(source: "people", http: { POST: "/m", body: "p: $args.profile ids: $batch.id" }, selection: "$.m { id mark }")
}
type Query {
  title(id: ID!): Title
  titles: [Title!] @connect(source: "catalog", http: { GET: "/titles" }, selection: "$.titles { id }")
  names: [String!] @connect(source: "catalog", http: { GET: "/names" }, selection: "$.names")
}
type Mutation {
  rename(id: ID!, name: String): Boolean @writes(field: "Title.name", key: "$args.id")
    @connect(source: "catalog", http: { PUT: "/t/{$args.id}", body: "n: $args.name" }, selection: "$.ok")
}`

func parse(t testing.TB) *graph.Graph {
	t.Helper()
	g, ds := graph.Parse("g.graphqls", []byte(sdl))
	if ds.Failed() {
		t.Fatal(ds)
	}
	return g
}

func operation(t testing.TB, v *Version, g *graph.Graph, id string) *Operation {
	t.Helper()
	for _, op := range g.Operations {
		if op.ID == id {
			return v.Of(op)
		}
	}
	t.Fatalf("no operation %s", id)
	return nil
}

// begin is a Lookup of one row under a head.
func begin(o *Operation, tenant, head, row string) *Lookup {
	l := &Lookup{}
	if !l.Begin(o, tenant, 0) {
		return nil
	}
	l.Key = append(l.Key, head...)
	l.HeadEnds()
	l.Key = append(l.Key, row...)
	return l
}

func entity(id string) []byte { return AppendText(nil, id) }

func found(o *Operation, tenant, head, row string) string {
	body, ok := begin(o, tenant, head, row).Find()
	switch {
	case !ok:
		return "-"
	case body == nil:
		return "nothing"
	}
	return string(body)
}

func keep(o *Operation, tenant, head, row, body string) {
	l := begin(o, tenant, head, row)
	var b []byte
	if body != "nothing" {
		b = []byte(body)
	}
	l.Keep(b, entity(row))
}

// TestInFull: a hash is never taken for its key, nor one part of a key for another.
func TestInFull(t *testing.T) {
	for name, hash := range map[string]func([]byte) uint64{"a hash": nil, "all hashes are equal": func([]byte) uint64 { return 7 }} {
		t.Run(name, func(t *testing.T) {
			c := New(Settings{Bytes: 1 << 20})
			defer c.Close()
			if hash != nil {
				c.hash = hash
			}
			g := parse(t)
			v, again := c.Version(g), c.Version(g)
			o, other := operation(t, v, g, "catalog.Title"), operation(t, v, g, "people.Title.mark")
			keep(o, "tv", "ann", "t1", `"Ann's"`)
			if got := found(o, "tv", "ann", "t1"); got != `"Ann's"` {
				t.Errorf("%s", got)
			}
			for _, x := range []struct {
				o                 *Operation
				tenant, head, row string
			}{{o, "tv", "bob", "t1"}, {o, "tv", "ann", "t2"}, {o, "tv", "an", "nt1"}, {o, "phone", "ann", "t1"}, {other, "tv", "ann", "t1"}, {operation(t, again, g, "catalog.Title"), "tv", "ann", "t1"}} {
				if got := found(x.o, x.tenant, x.head, x.row); got != "-" {
					t.Errorf("%v is answered %s", x, got)
				}
			}
			keep(o, "tv", "bob", "t1", `"Bob's"`)
			if got := found(o, "tv", "bob", "t1"); got != `"Bob's"` {
				t.Errorf("%s", got)
			}
			if got := found(o, "tv", "ann", "t1"); got != `"Ann's"` && (hash == nil || got != "-") {
				t.Errorf("%s", got)
			}
		})
	}
}

// TestAge: the graph's ages hold, and a view's where it is shorter.
func TestAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Settings{Bytes: 1 << 20})
		defer c.Close()
		g := parse(t)
		v := c.Version(g)
		titles, marks := operation(t, v, g, "catalog.Title"), operation(t, v, g, "people.Title.mark")
		keep(titles, "tv", "", "t1", "1")
		keep(titles, "tv", "", "t9", "nothing")
		keep(marks, "tv", "", "t1", "2")
		keep(marks, "tv", "", "t9", "nothing") // the graph does not have that kept
		time.Sleep(9 * time.Second)
		policy := func(age time.Duration) bool {
			l := begin(titles, "tv", "", "t1")
			l.policy = age
			_, ok := l.Find()
			return ok
		}
		if !policy(0) || policy(5*time.Second) || !policy(time.Hour) {
			t.Error("a view's policy")
		}
		for _, x := range []struct {
			after                     time.Duration
			title, none, mark, noMark string
		}{{0, "1", "nothing", "2", "-"}, {2 * time.Second, "1", "-", "2", "-"}, {50 * time.Second, "-", "-", "-", "-"}} {
			time.Sleep(x.after)
			got := [4]string{found(titles, "tv", "", "t1"), found(titles, "tv", "", "t9"), found(marks, "tv", "", "t1"), found(marks, "tv", "", "t9")}
			if got != [4]string{x.title, x.none, x.mark, x.noMark} {
				t.Errorf("%v: %v", x, got)
			}
		}
	})
}

// TestInvalidate: what was written is never found again, nothing else is touched, and a call that began before brings nothing.
func TestInvalidate(t *testing.T) {
	g := parse(t)
	for _, x := range []struct {
		name  string
		write Write
		old   string // of t1, t2, the mark of t1, the list, the names
	}{
		{"an entity's field", Write{"Title", "mark", []string{"t1"}}, "..m.."},
		{"a field that others hold too", Write{"Title", "name", []string{"t1"}}, "12..."}, // similar shows t1's name in any title
		{"any entity's", Write{"Title", "mark", nil}, "..m.."},
		{"a key of another kind", Write{"Title", "mark", []string{"t1", "x"}}, "..m.."},
		{"a list", Write{"Query", "titles", nil}, "...l."},
		{"what nothing holds", Write{"Title", "other", nil}, "....."},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := New(Settings{Bytes: 1 << 20})
			defer c.Close()
			v := c.Version(g)
			titles, marks := operation(t, v, g, "catalog.Title"), operation(t, v, g, "people.Title.mark")
			list, names := operation(t, v, g, "catalog.Query.titles"), operation(t, v, g, "catalog.Query.names")
			all := []struct {
				o    *Operation
				row  string
				sign byte
			}{{titles, "t1", '1'}, {titles, "t2", '2'}, {marks, "t1", 'm'}, {list, "", 'l'}, {names, "", 'n'}}
			look := func() string {
				out := []byte(".....")
				for i, e := range all {
					if found(e.o, "tv", "", e.row) == "-" {
						out[i] = e.sign
					}
				}
				return string(out)
			}
			put := func(l *Lookup, row string) {
				var key []byte
				if len(l.Keys()) > 0 {
					key = entity(row)
				}
				l.Keep([]byte("1"), key)
			}
			var underWay []*Lookup
			for _, e := range all {
				put(begin(e.o, "tv", "", e.row), e.row)
				underWay = append(underWay, begin(e.o, "tv", "", e.row))
			}
			if got := look(); got != "....." {
				t.Fatal(got)
			}
			c.Invalidate([]Write{x.write})
			if got := look(); got != x.old {
				t.Errorf("old: %s, want %s", got, x.old)
			}
			for i, e := range all {
				put(underWay[i], e.row)
			}
			if got := look(); got != x.old {
				t.Errorf("old after calls that began before: %s, want %s", got, x.old)
			}
			for _, e := range all {
				put(begin(e.o, "tv", "", e.row), e.row)
			}
			if got := look(); got != "....." {
				t.Errorf("old after new calls: %s", got)
			}
			c.Forget()
			if got := look(); got != "12mln" {
				t.Errorf("old after all was forgotten: %s", got)
			}
		})
	}
}

// TestAtOnce: from the moment that Invalidate returns, nobody is given what was before, whatever is under way.
func TestAtOnce(t *testing.T) {
	c := New(Settings{Bytes: 1 << 20})
	defer c.Close()
	g := parse(t)
	o := operation(t, c.Version(g), g, "people.Title.mark")
	var truth, floor atomic.Int64
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for n := range 4000 {
				if w == 0 && n%8 == 0 {
					v := truth.Add(1)
					c.Invalidate([]Write{{"Title", "mark", []string{"t1"}}})
					floor.Store(v)
					continue
				}
				least := floor.Load()
				l := begin(o, "tv", "", "t1")
				body, ok := l.Find()
				if ok {
					var got int64
					if _, err := fmt.Sscan(string(body), &got); err != nil || got < least {
						t.Errorf("%s, after %d was written", body, least)
						return
					}
					continue
				}
				l.Keep([]byte(fmt.Sprint(truth.Load())), entity("t1"))
			}
		})
	}
	wg.Wait()
}

// TestShares: bytes are bounded, and what one tenant fills it takes from itself.
func TestShares(t *testing.T) {
	c := New(Settings{Bytes: 256 << 10, Sources: map[string]int64{"people": 0}})
	defer c.Close()
	g := parse(t)
	v := c.Version(g)
	o := operation(t, v, g, "catalog.Title")
	if operation(t, v, g, "people.Title.mark") != nil {
		t.Error("a source without bytes keeps something")
	}
	body := string(make([]byte, 500))
	for i := range 100 {
		keep(o, "phone", "", fmt.Sprint("p", i), body)
	}
	for range 3 { // asked again: it matters to them
		for i := range 100 {
			found(o, "phone", "", fmt.Sprint("p", i))
		}
	}
	for i := range 20_000 {
		keep(o, "tv", "", fmt.Sprint("t", i), body)
		found(o, "tv", "", fmt.Sprint("t", i))
		found(o, "tv", "", fmt.Sprint("t", i))
	}
	left := 0
	for i := range 100 {
		if found(o, "phone", "", fmt.Sprint("p", i)) != "-" {
			left++
		}
	}
	s := c.Stats()[0]
	if left != 100 || s.Bytes > 256<<10 || s.Bytes < 64<<10 || s.Evictions == 0 || s.Tenants != 2 {
		t.Errorf("%d of 100 are left; %+v", left, s)
	}
	for i := range 3 * maxTenants { // past the bound tenants share
		keep(o, fmt.Sprint("device", i), "", "x", body)
	}
	if s := c.Stats()[0]; s.Tenants > maxTenants+1 || s.Bytes > 256<<10 {
		t.Errorf("%+v", s)
	}
}
