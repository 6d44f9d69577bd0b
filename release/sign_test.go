package release

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"facet/fault"
)

func keyOf(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func public(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

func TestPointerSignature(t *testing.T) {
	ann, bob := Signer{"ann", keyOf(1)}, Signer{"bob", keyOf(2)}
	keys := Keys{"ann": public(ann.Private)}
	base := Pointer{}.Next(digest("a"), now, time.Time{}).Next(digest("b"), now, now.Add(time.Hour))
	signed := base.Sign(ann, "prod", "eu")
	raw, err := signed.Encode()
	if err != nil || len(raw) > MaxPointer {
		t.Fatalf("%d bytes, %v", len(raw), err)
	}
	back, err := DecodePointer(raw)
	if err != nil || back.Verify(keys, "prod", "eu") != nil {
		t.Fatalf("what was signed is not accepted: %v, %v", err, back.Verify(keys, "prod", "eu"))
	}
	if again := base.Sign(ann, "prod", "eu"); again != signed {
		t.Error("signing twice gives other bytes: a write that is repeated would not be the same")
	}
	edit := func(f func(p *Pointer)) Pointer { p := back; f(&p); return p }
	for name, c := range map[string]struct {
		p           Pointer
		keys        Keys
		env, region string
		want        fault.Kind
	}{
		"as it is":              {back, keys, "prod", "eu", ""},
		"no keys configured":    {base, nil, "prod", "eu", ""},
		"any without keys":      {edit(func(p *Pointer) { p.Seq++ }), nil, "prod", "eu", ""},
		"another time zone":     {edit(func(p *Pointer) { p.ActivateAt = p.ActivateAt.In(time.FixedZone("x", 3600)) }), keys, "prod", "eu", ""},
		"no key is trusted":     {back, Keys{}, "prod", "eu", fault.Unauthorized},
		"not signed":            {base, keys, "prod", "eu", fault.Unauthorized},
		"another environment":   {back, keys, "test", "eu", fault.Unauthorized},
		"another region":        {back, keys, "prod", "us", fault.Unauthorized},
		"parts shifted":         {back, keys, "prod/eu", "", fault.Unauthorized},
		"format":                {edit(func(p *Pointer) { p.Format++ }), keys, "prod", "eu", fault.Unauthorized},
		"sequence":              {edit(func(p *Pointer) { p.Seq++ }), keys, "prod", "eu", fault.Unauthorized},
		"release":               {edit(func(p *Pointer) { p.Release = digest("x") }), keys, "prod", "eu", fault.Unauthorized},
		"previous":              {edit(func(p *Pointer) { p.Previous = "" }), keys, "prod", "eu", fault.Unauthorized},
		"time":                  {edit(func(p *Pointer) { p.ActivateAt = p.ActivateAt.Add(time.Millisecond) }), keys, "prod", "eu", fault.Unauthorized},
		"at once":               {edit(func(p *Pointer) { p.ActivateAt = time.Time{} }), keys, "prod", "eu", fault.Unauthorized},
		"key's name":            {edit(func(p *Pointer) { p.Signature.Key = "bob" }), Keys{"ann": keys["ann"], "bob": keys["ann"]}, "prod", "eu", fault.Unauthorized},
		"an unknown key":        {base.Sign(bob, "prod", "eu"), keys, "prod", "eu", fault.Unauthorized},
		"another key's":         {base.Sign(Signer{"ann", bob.Private}, "prod", "eu"), keys, "prod", "eu", fault.Unauthorized},
		"a bit of it":           {edit(func(p *Pointer) { p.Signature.Value = flip(p.Signature.Value) }), keys, "prod", "eu", fault.Unauthorized},
		"truncated":             {edit(func(p *Pointer) { p.Signature.Value = p.Signature.Value[:40] }), keys, "prod", "eu", fault.Unauthorized},
		"no base64":             {edit(func(p *Pointer) { p.Signature.Value = "?" + p.Signature.Value }), keys, "prod", "eu", fault.Unauthorized},
		"line breaks within":    {edit(func(p *Pointer) { p.Signature.Value = p.Signature.Value[:8] + "\n" + p.Signature.Value[8:] }), keys, "prod", "eu", fault.Unauthorized},
		"a key of wrong length": {back, Keys{"ann": keys["ann"][:31]}, "prod", "eu", fault.Unauthorized},
		"of another purpose":    {edit(func(p *Pointer) { p.Signature = ann.sign(document(signedRelease{"facet release", "ann", p.Release})) }), keys, "prod", "eu", fault.Unauthorized},
	} {
		if err := c.p.Verify(c.keys, c.env, c.region); fault.KindOf(err) != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := DecodePointer(raw[:len(raw)-7]); err == nil {
		t.Error("half a pointer was read")
	}
	if p := signed.Sign(Signer{}, "prod", "eu"); p != base {
		t.Error("the zero Signer leaves a signature")
	}
}

func flip(s string) string {
	c := byte('A')
	if s[3] == c {
		c = 'B'
	}
	return s[:3] + string(c) + s[4:]
}

func TestReleaseSignature(t *testing.T) {
	ann, bob := Signer{"ann", keyOf(1)}, Signer{"bob", keyOf(2)}
	keys := Keys{"ann": public(ann.Private)}
	for _, shards := range []int{1, 4} {
		r := first(t)
		plain := encode(t, r, shards)
		if err := r.Sign(bob, shards); err != nil {
			t.Fatal(err)
		}
		if err := r.Sign(ann, shards); err != nil {
			t.Fatal(err)
		}
		e := encode(t, r, shards)
		if err := VerifyHeader(e.Header, keys); err != nil {
			t.Fatalf("%d shards: %v", shards, err)
		}
		back, err := Decode(e.Header, e.Shards)
		if err != nil || len(back.Signatures) != 2 || !back.Equal(r) {
			t.Fatalf("%v, %v", back.Signatures, err)
		}
		if err := back.Sign(ann, shards); err != nil || encode(t, back, shards).Digest != e.Digest {
			t.Errorf("signing again gives another release, %v", err)
		}
		// Each field of the header.
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(e.Header, &fields); err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{
			"env": `"test"`, "parent": `"` + digest("x") + `"`, "made": `"2020-01-01T00:00:00Z"`, "graph": `{"version":"9","digest":"` + digest("x") + `"}`,
			"older": `[]`, "shards": `["` + digest("x") + `"]`, "modules": `{"a@1":"1.0.0"}`, "experiments": `[{"name":"x","salt":"","arms":[{"name":"a","weight":1}]}]`,
			"switches": `{"x":true}`, "limits": `{"x":1}`, "why": `"no"`, "author": `"eve"`, "sourceRevision": `"0"`, "format": `2`, "kept": `[{"device":"a","schema":"v1","package":"p","version":"1","release":"` + digest("x") + `","reason":"","at":"2020-01-01T00:00:00Z"}]`,
		} {
			changed := map[string]json.RawMessage{}
			for k, v := range fields {
				changed[k] = v
			}
			if string(changed[name]) == value || changed[name] == nil && value == "[]" {
				continue
			}
			changed[name] = json.RawMessage(value)
			raw, err := json.Marshal(changed)
			if err != nil {
				t.Fatal(err)
			}
			if err := VerifyHeader(raw, keys); fault.KindOf(err) != fault.Unauthorized {
				t.Errorf("another %s: %v, want unauthorized", name, err)
			}
		}
		for name, c := range map[string]struct {
			raw  []byte
			keys Keys
			want fault.Kind
		}{
			"no keys configured": {plain.Header, nil, ""},
			"not signed":         {plain.Header, keys, fault.Unauthorized},
			"another key":        {e.Header, Keys{"ann": public(bob.Private)}, fault.Unauthorized},
			"nobody trusted":     {e.Header, Keys{}, fault.Unauthorized},
			"truncated":          {e.Header[:len(e.Header)/2], keys, fault.Invalid},
			"too long":           {bytes.Repeat([]byte(" "), MaxHeader+1), keys, fault.TooLarge},
			"renamed":            {[]byte(strings.Replace(string(e.Header), `"key":"bob"`, `"key":"cat"`, 1)), Keys{"cat": public(bob.Private)}, fault.Unauthorized},
		} {
			if err := VerifyHeader(c.raw, c.keys); fault.KindOf(err) != c.want {
				t.Errorf("%s: %v, want %q", name, err, c.want)
			}
		}
	}
}

func FuzzHeader(f *testing.F) {
	r := First("prod", Graph{"1", digest("g")})
	if err := r.Sign(Signer{"ann", keyOf(1)}, 1); err != nil {
		f.Fatal(err)
	}
	if e, err := r.Encode(1); err == nil {
		f.Add(e.Header)
	}
	f.Add([]byte(`{"format":1,"shards":[],"signatures":[{"key":"ann","value":"AAAA"}]}`))
	trusted := Keys{"ann": public(keyOf(1))}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if err := VerifyHeader(raw, trusted); err == nil {
			if parent, _, err := Lineage(raw); err != nil || parent != "" {
				t.Errorf("a header that was never signed is accepted: %s", raw)
			}
		}
		if parent, _, err := Lineage(raw); err == nil && parent != "" && !ValidDigest(parent) {
			t.Errorf("the parent %q", parent)
		}
	})
}

func FuzzInstance(f *testing.F) {
	f.Add([]byte(`{"id":"a","env":"prod","region":"eu","seq":1,"release":"","at":"2026-01-02T03:04:05Z","refused":{"release":"x","reason":"y","at":"2026-01-02T03:04:05Z"},"later":1}`))
	f.Add([]byte(`{"id":"../a"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		in, err := DecodeInstance(raw)
		if k := fault.KindOf(err); err != nil && k != fault.Invalid && k != fault.TooLarge {
			t.Errorf("%v", err)
		}
		if err == nil && strings.Contains(InstanceKey(in.Env, in.Region, in.ID), "..") {
			t.Errorf("%+v leads elsewhere", in)
		}
	})
}
