package composer_test

import (
	"context"
	"encoding/json"
	"testing"

	"facet/asker"
	"facet/composer"
	"facet/tiers"
)

// keys notes the idempotency keys of calls.
type keys struct {
	tiers.Tier
	got []string
}

func (k *keys) Call(ctx context.Context, c *tiers.Call) (*tiers.Answer, error) {
	if c.Operation.Mutation {
		k.got = append(k.got, c.Idempotency)
	}
	return k.Tier.Call(ctx, c)
}

// TestIdempotency: a retry has the key of its first try; the same key of another viewer, in another mutation of the document or
// none at all has not: a tier would answer with what it answered the other.
func TestIdempotency(t *testing.T) {
	w := filmWorld(t, false)
	k := &keys{Tier: w.tier}
	bySource := composer.TiersBySource{}
	for name := range w.tier.For(w.g) {
		bySource[name] = k
	}
	e, err := composer.NewEngine(composer.Config{Graph: w.g, Surface: w.engine.Surface(), Tiers: bySource})
	if err != nil {
		t.Fatal(err)
	}
	w.engine = e
	root := func(key string) *composer.Root {
		return &composer.Root{Kind: composer.RootMutation, Key: key, Name: "setBookmark", Window: -1,
			Args: []composer.Arg{{Name: "title", Value: 0}, {Name: "positionSeconds", Value: 1}}, Sub: nodes("key")}
	}
	ask := func(viewer, key string, roots ...*composer.Root) []string {
		k.got = nil
		w.ask(&composer.Request{Selection: &composer.Selection{Mutation: true, Roots: roots}, Idempotency: key,
			Values: []json.RawMessage{json.RawMessage(`"t4"`), json.RawMessage(`90`)},
			Asker:  &asker.Asker{Viewer: asker.Viewer{ID: viewer, Profile: "p1", Profiles: []string{"p1"}, SignedIn: true}, Device: asker.Device{Type: "tv", Form: "tv"}}})
		return k.got
	}
	first := ask("ann", "k1", root("m"))
	if len(first) != 1 || len(first[0]) != 32 {
		t.Fatalf("keys %q, want one of 32 digits", first)
	}
	if again := ask("ann", "k1", root("m")); again[0] != first[0] {
		t.Errorf("a retry has the key %q, not %q", again, first)
	}
	for name, got := range map[string][]string{"another viewer": ask("bob", "k1", root("m")), "another key": ask("ann", "k2", root("m"))} {
		if len(got) != 1 || got[0] == first[0] || got[0] == "" {
			t.Errorf("%s has the key %q beside %q", name, got, first)
		}
	}
	if got := ask("ann", "k1", root("a"), root("b")); len(got) != 2 || got[0] == got[1] {
		t.Errorf("two mutations of one document have the keys %q", got)
	}
	if got := ask("ann", "", root("m")); len(got) != 1 || got[0] != "" {
		t.Errorf("without a key: %q", got)
	}
}
