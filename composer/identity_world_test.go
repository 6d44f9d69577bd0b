package composer_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"facet/asker"
	"facet/composer"
	"facet/fault"
	"facet/graph"
	"facet/tiers"
	"facet/tiers/cache"
	"facet/view"
	vt "facet/view/viewtest"
)

// The identities that ask: every combination of these.
var (
	identityUsers     = []string{"ann", "bob", "cy", "dee", "eve", "flo"}
	identitySessions  = []string{"1", "2"}
	identityLanguages = []string{"de", "en", "fr"}
	identityRegions   = []string{"eu", "us"}
	identityKinds     = []string{"a", "b", "c"}
	identityDevices   = []string{"tv", "phone"}
)

const identityTitles = 30

// An identityWorld is two graph versions, each with two package versions on two devices, over tiers that answer what they saw.
type identityWorld struct {
	cache   *cache.Cache
	loaders []*composer.Loaders // by graph
	engines map[identityServed]*composer.Engine
	marks   [][identityTitles]atomic.Int64 // by user: how often it was set at the tier
	floors  [][identityTitles]atomic.Int64 // by user: how often that was answered
	calls   atomic.Int64
	faulty  bool
}

type identityServed struct {
	graph, pkg int
	device     string
}

func newIdentityWorld(t testing.TB, faulty bool) *identityWorld {
	w := &identityWorld{cache: cache.New(cache.Settings{Bytes: 8 << 20}), engines: map[identityServed]*composer.Engine{}, faulty: faulty,
		marks: make([][identityTitles]atomic.Int64, len(identityUsers)), floors: make([][identityTitles]atomic.Int64, len(identityUsers))}
	t.Cleanup(w.cache.Close)
	for g := range 2 {
		gr := parse(t, "testdata/identity.graphqls")
		if g == 1 {
			gr, _ = graph.Parse("identity.graphqls", append(gr.Source, "\n# the second version"...))
		}
		name := string(rune('A' + g))
		tier := identityTier{w, name}
		l := composer.NewSharing(gr, composer.TiersBySource{"catalog": tier, "private": tier, "bare": tier}, composer.Sharing{Cache: w.cache})
		t.Cleanup(l.Close)
		w.loaders = append(w.loaders, l)
		for p := range 2 {
			for _, d := range identityDevices {
				s, ds := view.NewSurface(d, "v1", identityBuild(gr.Digest, d, p))
				if ds.Failed() {
					t.Fatal(ds)
				}
				e, err := composer.NewEngine(composer.Config{Graph: gr, Surface: s, Loaders: l})
				if err != nil {
					t.Fatal(err)
				}
				w.engines[identityServed{g, p, d}] = e
			}
		}
	}
	return w
}

// identityBuild is a package version: the second has a shorter policy, and another literal in the place of an argument.
func identityBuild(digest, device string, p int) *view.Build {
	r := &vt.Recorder{}
	me, kind := r.Context("viewer.profile.id", "ID"), r.Arg("kind", "String!")
	in := kind
	if p == 1 {
		in = r.Literal(`"fixed"`, "String!")
	}
	t := r.Query("title", "Title", vt.Named("id", r.Arg("id", "ID!")))
	text := func(v view.ID) *view.Output { return vt.Leaf(v, "String") }
	list := r.Field(t, "similar", "[Title!]")
	it := r.Item(list, "Title!")
	top := r.Page(r.Query("top", "[String!]", vt.Named("kind", kind)), r.Literal("3", "Int!"), 10, "[String!]")
	v := &view.View{Name: "look", Scope: view.Scope{}, Keys: []string{"id", "kind"},
		Args: []*view.Arg{{Name: "id", Type: vt.Type("ID!")}, {Name: "kind", Type: vt.Type("String!")}},
		Output: vt.Tree("Look", view.None, true,
			vt.Field("me", text(r.Query("me", "String", vt.Named("kind", in)))),
			vt.Field("top", vt.Many(top, r.Item(top, "String!"), true, false, vt.Leaf(view.ID(len(r.Values)-1), "String!"))),
			vt.Field("seen", text(r.Field(t, "seen", "String"))),
			vt.Field("mark", text(r.Field(t, "mark", "String", vt.Named("profile", me)))),
			vt.Field("price", text(r.Field(t, "price", "String", vt.Named("currency", in)))),
			vt.Field("note", text(r.Field(t, "note", "String"))),
			vt.Field("similar", vt.Many(list, it, false, false, vt.Tree("LookSimilar", it, false,
				vt.Field("seen", text(r.Field(it, "seen", "String"))),
				vt.Field("mark", text(r.Field(it, "mark", "String", vt.Named("profile", me)))))))),
	}
	v.Scope = r.Scope
	if p == 1 {
		v.Cache = &view.Cache{MaxAge: 20 * time.Millisecond}
	}
	m := &vt.Recorder{}
	set := m.Add(view.OpEffect, view.None, "Boolean", func(v *view.Value) {
		v.Name, v.Args = "setMark", []*view.Named{vt.Named("profile", m.Context("viewer.profile.id", "ID")), vt.Named("title", m.Arg("title", "ID!"))}
	})
	return &view.Build{Format: view.Format, Package: "@" + device + "/look", Version: "1.0.0", Devices: []string{device}, Schema: "v1", Graph: digest,
		Views: []*view.View{v}, Mutations: []*view.Mutation{{Name: "setMark", Scope: m.Scope, Effects: []view.ID{set},
			Args: []*view.Arg{{Name: "title", Type: vt.Type("ID!")}}}}}
}

// An identityTier answers every value with all that it saw of the call.
type identityTier struct {
	w     *identityWorld
	graph string
}

func bare(v []byte) string { return strings.Trim(string(v), `"`) }

// sight is what a tier saw, as a text.
func sight(graph, op, key string, rest ...string) string {
	return graph + "|" + op + "|" + key + "|" + strings.Join(rest, "|")
}

func (t identityTier) Call(ctx context.Context, c *tiers.Call) (*tiers.Answer, error) {
	t.w.calls.Add(1)
	op := c.Operation
	var rest []string
	for _, a := range c.Args {
		rest = append(rest, bare(a))
	}
	for _, v := range c.Context {
		rest = append(rest, bare(v))
	}
	for _, from := range tiers.Forwarded(op) {
		rest = append(rest, c.Headers.Get(from))
	}
	var keys []string
	if len(c.Needs) > 0 {
		for _, k := range c.Needs[0] {
			keys = append(keys, bare(k))
		}
	}
	if op.Mutation {
		n := &t.w.marks[index(identityUsers, bare(c.Args[0]))][number(bare(c.Args[1]))]
		n.Add(1)
	}
	dice := rand.IntN(100)
	switch {
	case dice < 10:
		time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
	case dice < 12 && t.w.faulty:
		return nil, &fault.Error{Kind: fault.Unavailable, Message: "by chance"}
	case dice < 13 && t.w.faulty:
		return nil, &fault.Error{Kind: fault.NotFound, Message: "by chance"}
	case dice < 14 && t.w.faulty:
		return &tiers.Answer{Body: []byte(`{"data":`)}, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, tiers.ContextError(op, context.Cause(ctx))
	}
	row := func(field string, value func(key string) any) []any {
		rows := []any{}
		for _, k := range keys {
			if t.w.faulty && rand.IntN(100) == 0 {
				continue // it is missing
			}
			v := obj{"id": k, field: value(k)}
			if op.ID == "catalog.Title" {
				n := number(k)
				v["similar"] = []any{obj{"id": titleID(n + 1)}, obj{"id": titleID(n + 7)}}
			}
			if t.w.faulty && rand.IntN(100) == 0 {
				v[field] = 7 // of a wrong type
			}
			rows = append(rows, v)
		}
		return rows
	}
	seen := func(key string) any { return sight(t.graph, op.ID, key, rest...) }
	var body any
	switch op.ID {
	case "catalog.Title":
		body = obj{"data": obj{"titles": row("seen", seen)}}
	case "private.Title.mark":
		user := index(identityUsers, rest[0])
		body = obj{"marks": row("mark", func(k string) any {
			return sight(t.graph, op.ID, k, rest...) + "#" + itoa(t.w.marks[user][number(k)].Load())
		})}
	case "bare.Title.note":
		body = obj{"notes": row("note", seen)}
	case "catalog.Title.price":
		body = obj{"price": seen(keys[0])}
	case "private.Query.me":
		body = obj{"me": seen("")}
	case "catalog.Query.top":
		body = obj{"top": []any{sight(t.graph, op.ID, itoa(int64(c.Page.Offset)), rest...)}}
	case "private.Mutation.setMark":
		body = obj{"ok": true}
	}
	b, err := json.Marshal(body)
	if t.w.faulty && rand.IntN(50) == 0 {
		return &tiers.Answer{Body: b, Partial: true, Release: func() { clear(b) }}, err
	}
	return &tiers.Answer{Body: b, Release: func() { clear(b) }}, err // whoever reads it later sees that
}

func index(list []string, v string) int {
	for i, s := range list {
		if s == v {
			return i
		}
	}
	panic("no " + v)
}

func titleID(n int) string { return "t" + itoa(int64(n%identityTitles)) }

// An identity is who asks one request, for what.
type identity struct {
	served                          identityServed
	user, session, language, region string
	title                           int
	kind                            string
}

func someone() identity {
	pick := func(list []string) string { return list[rand.IntN(len(list))] }
	title := rand.IntN(identityTitles)
	if rand.IntN(2) == 0 {
		title = rand.IntN(3) // some are asked by everybody
	}
	return identity{identityServed{rand.IntN(2), rand.IntN(2), pick(identityDevices)}, pick(identityUsers), pick(identitySessions), pick(identityLanguages), pick(identityRegions), title, pick(identityKinds)}
}

func (i identity) asker() *asker.Asker {
	return &asker.Asker{
		Viewer: asker.Viewer{ID: "viewer-" + i.user, Profile: i.user, Profiles: []string{i.user}, SignedIn: true},
		Device: asker.Device{Type: i.served.device, Form: i.served.device}, Locale: i.language, Region: i.region,
		Headers: http.Header{"Authorization": {i.token()}, "Accept-Language": {i.language}, "X-Request": {itoa(rand.Int64())}},
	}
}

func (i identity) token() string { return "Bearer " + i.user + i.session }

func (i identity) graph() string { return string(rune('A' + i.served.graph)) }

// in is the argument of the two fields that the package versions fill in differently.
func (i identity) in() string {
	if i.served.pkg == 1 {
		return "fixed"
	}
	return i.kind
}
