package asker

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"facet/fault"
)

// An issuer is a real endpoint of a key set, with the private keys.
type issuer struct {
	*httptest.Server
	mu     sync.Mutex
	public []map[string]any
	broken bool
	asked  atomic.Int64
}

func newIssuer(t testing.TB) *issuer {
	i := &issuer{}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		i.asked.Add(1)
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.broken {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": i.public})
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) publish(keys ...map[string]any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.public = keys
}

func (i *issuer) down(down bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.broken = down
}

// A signing is a private key with its JWK.
type signing struct {
	kid     string
	method  jwt.SigningMethod
	private crypto.Signer
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func newES(t testing.TB, kid string) signing {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signing{kid, jwt.SigningMethodES256, k}
}

func (s signing) jwk() map[string]any {
	j := map[string]any{"kid": s.kid, "use": "sig", "alg": s.method.Alg()}
	switch p := s.private.Public().(type) {
	case *ecdsa.PublicKey:
		b, err := p.Bytes()
		if err != nil {
			panic(err)
		}
		half := (len(b) - 1) / 2
		j["kty"], j["crv"], j["x"], j["y"] = "EC", p.Params().Name, b64(b[1:1+half]), b64(b[1+half:])
	case *rsa.PublicKey:
		j["kty"], j["n"], j["e"] = "RSA", b64(p.N.Bytes()), "AQAB"
	case ed25519.PublicKey:
		j["kty"], j["crv"], j["x"] = "OKP", "Ed25519", b64(p)
	}
	return j
}

func (s signing) token(t testing.TB, claims jwt.MapClaims) string {
	j := jwt.NewWithClaims(s.method, claims)
	if s.kid != "" {
		j.Header["kid"] = s.kid
	}
	text, err := j.SignedString(s.private)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// claims are good ones, changed by pairs.
func claims(pairs ...any) jwt.MapClaims {
	c := jwt.MapClaims{"sub": "ann", "iss": "https://id.example", "aud": "devices", "exp": time.Now().Add(time.Hour).Unix(),
		"profiles": []string{"kids", "ann"}}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == nil {
			delete(c, pairs[i].(string))
		} else {
			c[pairs[i].(string)] = pairs[i+1]
		}
	}
	return c
}

func openTokens(t testing.TB, c TokenConfig) *Tokens {
	c.Issuers, c.Audiences = []string{"https://id.example"}, []string{"devices", "tv"}
	if c.Claims == (Claims{}) {
		c.Claims = Claims{Profiles: "profiles", Profile: "profile", Bandwidth: "net.class"}
	}
	tk, err := OpenTokens(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tk.Close)
	return tk
}

func ask(s *Settings, token string, headers ...string) (*Asker, error) {
	r := httptest.NewRequest("GET", "/", nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return s.FromRequest(r, "tv", nil)
}

func TestTokens(t *testing.T) {
	es, foreign := newES(t, "k1"), newES(t, "k1")
	rk, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rs := signing{"r1", jwt.SigningMethodRS256, rk}
	_, ek, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ed := signing{"e1", jwt.SigningMethodEdDSA, ek}
	i := newIssuer(t)
	i.publish(es.jwk(), rs.jwk(), ed.jwk())
	s := &Settings{Tokens: openTokens(t, TokenConfig{JWKS: i.URL, Skew: 30 * time.Second})}
	s.Prepare()

	none := b64([]byte(`{"alg":"none"}`)) + "." + b64([]byte(`{"sub":"ann","exp":99999999999}`)) + "."
	der, err := es.private.Public().(*ecdsa.PublicKey).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	hs := jwt.NewWithClaims(jwt.SigningMethodHS256, claims())
	hs.Header["kid"] = "k1"
	confused, err := hs.SignedString(der)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	good := es.token(t, claims())
	tests := []struct {
		name, token, want string
		headers           []string
		kind              fault.Kind
	}{
		{"ES256", good, "ann kids", nil, ""},
		{"RS256", rs.token(t, claims()), "ann kids", nil, ""},
		{"EdDSA", ed.token(t, claims()), "ann kids", nil, ""},
		{"a profile of the token's", good, "ann ann", []string{HeaderProfile, "ann"}, ""},
		{"another's profile", good, "", []string{HeaderProfile, "bob"}, fault.Forbidden},
		{"a profile by claim", es.token(t, claims("profile", "ann")), "ann ann", nil, ""},
		{"profiles in words", es.token(t, claims("profiles", "kids ann")), "ann kids", nil, ""},
		{"no profiles", es.token(t, claims("profiles", nil)), "ann ann", nil, ""},
		{"a viewer that is a number", es.token(t, claims("sub", 12345678901234567)), "12345678901234567 kids", nil, ""},
		{"nobody", "", " ", nil, ""},
		{"a viewer by header is not believed", "", " ", []string{HeaderViewer, "eve"}, ""},
		{"expired", es.token(t, claims("exp", at(-time.Minute))), "", nil, fault.Unauthorized},
		{"expired within the skew", es.token(t, claims("exp", at(-10*time.Second))), "ann kids", nil, ""},
		{"not yet", es.token(t, claims("nbf", at(time.Minute))), "", nil, fault.Unauthorized},
		{"not yet within the skew", es.token(t, claims("nbf", at(10*time.Second))), "ann kids", nil, ""},
		{"issued in the future", es.token(t, claims("iat", at(time.Hour))), "", nil, fault.Unauthorized},
		{"without expiry", es.token(t, claims("exp", nil)), "", nil, fault.Unauthorized},
		{"another issuer", es.token(t, claims("iss", "https://evil.example")), "", nil, fault.Unauthorized},
		{"no issuer", es.token(t, claims("iss", nil)), "", nil, fault.Unauthorized},
		{"another audience", es.token(t, claims("aud", []string{"x"})), "", nil, fault.Unauthorized},
		{"one audience of several", es.token(t, claims("aud", []string{"x", "tv"})), "ann kids", nil, ""},
		{"no viewer", es.token(t, claims("sub", nil)), "", nil, fault.Unauthorized},
		{"profiles of a wrong type", es.token(t, claims("profiles", map[string]int{"a": 1})), "", nil, fault.Unauthorized},
		{"a foreign key of the same id", foreign.token(t, claims()), "", nil, fault.Unauthorized},
		{"alg none", none, "", nil, fault.Unauthorized},
		{"HS256 with the public key", confused, "", nil, fault.Unauthorized},
		{"a key for another algorithm", signing{"r1", jwt.SigningMethodPS256, rk}.token(t, claims()), "", nil, fault.Unauthorized},
		{"no key id, several keys", signing{"", jwt.SigningMethodES256, es.private}.token(t, claims()), "ann kids", nil, ""},
		{"garbage", "a.b.c", "", nil, fault.Unauthorized},
		{"too long", strings.Repeat("a", maxToken+1), "", nil, fault.Unauthorized},
		{"a changed signature", good[:len(good)-6] + "AAAAAA", "", nil, fault.Unauthorized},
		{"basic", "", "", []string{"Authorization", "Basic YTpi"}, fault.Unauthorized},
	}
	for _, tt := range tests {
		for _, again := range []string{"", " again"} { // the second may be remembered
			t.Run(tt.name+again, func(t *testing.T) {
				a, err := ask(s, tt.token, tt.headers...)
				if got := fault.KindOf(err); err != nil && got != tt.kind || err == nil && tt.kind != "" {
					t.Fatalf("got %v (%s), want %s", err, got, tt.kind)
				}
				if err != nil {
					if tt.token != "" && strings.Contains(err.Error(), tt.token) {
						t.Error("the error holds the token")
					}
					return
				}
				if got := a.Viewer.ID + " " + a.Viewer.Profile; got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			})
		}
	}
	t.Run("a remembered token expires", func(t *testing.T) {
		clock := now
		tk := openTokens(t, TokenConfig{JWKS: i.URL, Now: func() time.Time { return clock }})
		s := &Settings{Tokens: tk}
		token := es.token(t, claims("exp", at(time.Minute)))
		if _, err := ask(s, token); err != nil {
			t.Fatal(err)
		}
		clock = now.Add(2 * time.Minute)
		if _, err := ask(s, token); fault.KindOf(err) != fault.Unauthorized {
			t.Errorf("got %v", err)
		}
	})
	t.Run("required", func(t *testing.T) {
		s := &Settings{Tokens: s.Tokens, Required: true}
		if _, err := ask(s, ""); fault.KindOf(err) != fault.Unauthorized {
			t.Errorf("got %v", err)
		}
	})
}

func TestRotation(t *testing.T) {
	old, next := newES(t, "old"), newES(t, "new")
	i := newIssuer(t)
	i.publish(old.jwk())
	s := &Settings{Tokens: openTokens(t, TokenConfig{JWKS: i.URL, Refresh: 20 * time.Millisecond, RefetchEvery: time.Millisecond})}
	s.Prepare()
	var current atomic.Pointer[signing]
	current.Store(&old)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var asked atomic.Int64
	for range 4 {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				token := current.Load().token(t, claims("jti", fmt.Sprint(n)))
				for range 20 {
					asked.Add(1)
					if _, err := ask(s, token); err != nil {
						t.Errorf("a request failed: %v", err)
						return
					}
				}
			}
		})
	}
	kept := old.token(t, claims("jti", "kept"))
	if _, err := ask(s, kept); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	i.publish(old.jwk(), next.jwk()) // both, and signed by the new one at once: the first such token makes the set be read
	current.Store(&next)
	time.Sleep(50 * time.Millisecond)
	stop()
	wg.Wait()
	i.publish(next.jwk())
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) { // remembered tokens of a key that is gone are gone too
		if _, err := ask(s, kept); fault.KindOf(err) == fault.Unauthorized {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a token of a key that is gone is still good")
		}
	}
	t.Logf("%d requests", asked.Load())
}

func TestEndpointDown(t *testing.T) {
	k := newES(t, "k")
	i := newIssuer(t)
	i.publish(k.jwk())
	i.down(true)
	var troubled atomic.Int64
	s := &Settings{Tokens: openTokens(t, TokenConfig{JWKS: i.URL, RefetchEvery: time.Millisecond, Refresh: 5 * time.Millisecond, Trouble: func(error) { troubled.Add(1) }})}
	if _, err := ask(s, k.token(t, claims())); fault.KindOf(err) != fault.Unavailable {
		t.Fatalf("before the first keys: got %v, want unavailable", err)
	}
	i.down(false)
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		_, err := ask(s, k.token(t, claims()))
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	i.down(true)
	before := troubled.Load()
	for troubled.Load() < before+2 {
		time.Sleep(time.Millisecond)
	}
	if _, err := ask(s, k.token(t, claims("jti", "2"))); err != nil {
		t.Errorf("keys were not kept while the endpoint is down: %v", err)
	}
	if _, err := ask(s, newES(t, "new").token(t, claims())); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a key that may be new while the endpoint is down: got %v, want unavailable", err)
	}
	for _, body := range []string{"<html>", `{"keys":[]}`, `{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}`, `{"keys":"x"}`} {
		if _, err := readKeys([]byte(body), 10); err == nil {
			t.Errorf("%s is a key set", body)
		}
	}
}

func TestUnknownKeysAreAskedForOnce(t *testing.T) {
	k := newES(t, "k")
	i := newIssuer(t)
	i.publish(k.jwk())
	s := &Settings{Tokens: openTokens(t, TokenConfig{JWKS: i.URL, RefetchEvery: time.Hour})}
	before := i.asked.Load()
	var wg sync.WaitGroup
	for n := range 50 {
		wg.Go(func() {
			token := newES(t, fmt.Sprint("stranger", n)).token(t, claims())
			if _, err := ask(s, token); fault.KindOf(err) != fault.Unauthorized {
				t.Errorf("got %v", err)
			}
		})
	}
	wg.Wait()
	if got := i.asked.Load() - before; got != 1 {
		t.Errorf("the key set was read %d times for 50 unknown keys, want 1", got)
	}
}

func FuzzToken(f *testing.F) {
	k := newES(f, "k")
	i := newIssuer(f)
	i.publish(k.jwk())
	s := &Settings{Tokens: openTokens(f, TokenConfig{JWKS: i.URL, RefetchEvery: time.Hour})}
	good := k.token(f, claims())
	for _, seed := range []string{good, good[:len(good)/2], "a.b.c", "..", "e30.e30.", strings.Repeat(".", 100), "eyJhbGciOiJub25lIn0.e30.", good + good} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		id, err := s.Tokens.verify(t.Context(), token)
		switch {
		case err == nil && (token != good && strings.TrimSpace(token) != good):
			t.Errorf("%q is good: %+v", token, id)
		case err != nil && fault.KindOf(err) != fault.Unauthorized:
			t.Errorf("got %v", err)
		}
	})
}

func FuzzKeys(f *testing.F) {
	b, err := json.Marshal(map[string]any{"keys": []any{newES(f, "k").jwk()}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"},{"kty":"OKP","crv":"Ed25519","x":""}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := readKeys(text, 10)
		if (err == nil) != (len(list) > 0) || len(list) > 10 {
			t.Errorf("%d keys, %v", len(list), err)
		}
	})
}

func BenchmarkToken(b *testing.B) {
	rk, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	for _, k := range []signing{newES(b, "k"), {"r", jwt.SigningMethodRS256, rk}} {
		i := newIssuer(b)
		i.publish(k.jwk())
		t := openTokens(b, TokenConfig{JWKS: i.URL})
		token := k.token(b, claims())
		b.Run(k.method.Alg()+"/verified", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := t.read(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(k.method.Alg()+"/remembered", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := t.verify(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
