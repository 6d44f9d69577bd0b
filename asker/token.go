package asker

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	lru "github.com/hashicorp/golang-lru/v2"

	"facet/fault"
)

// Algorithms are those that a token may be signed with: public keys only. "none" and shared secrets are not among them, so a
// public key is never taken for a secret.
func Algorithms() []string {
	return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
}

// A TokenConfig says which tokens are good. Zero fields take the values of the comments.
type TokenConfig struct {
	JWKS       string        // URL or file of the JSON Web Key Set
	Issuers    []string      // `iss` is one of them; empty: any
	Audiences  []string      // `aud` has one of them; empty: any
	Algorithms []string      // RS256, ES256, EdDSA
	Skew       time.Duration // by which exp, nbf and iat may be past: 0 is none
	Claims     Claims

	Refresh      time.Duration // how often the keys are read again: 10 min
	RefetchEvery time.Duration // how often an unknown key makes them be read again, at most: 10 s
	Timeout      time.Duration // of one reading: 3 s
	MaxBytes     int64         // of a key set: 512 KiB
	MaxKeys      int           // in a key set: 100
	Remembered   int           // tokens whose verification is remembered: 50,000
	Client       *http.Client  // nil: one of its own
	Now          func() time.Time
	Trouble      func(error) // told when the keys cannot be read; nil: nobody
}

// Claims name the token's claims: a name, or a path with dots through objects. "" reads none.
type Claims struct {
	Viewer    string // "sub"
	Profile   string // the profile in use
	Profiles  string // every profile that the viewer may see: a list, or words in a string
	Form      string
	Bandwidth string
	Region    string
}

// maxToken bounds a token in bytes, and maxProfiles the profiles that it names.
const (
	maxToken    = 8 << 10
	maxProfiles = 256
	maxValue    = 1024
)

// Tokens verify bearer tokens and remember those that were good. They are safe for use by many goroutines.
type Tokens struct {
	config TokenConfig
	keys   *keyset
	parser *jwt.Parser
	known  *lru.Cache[[sha256.Size]byte, *identity]
}

// An identity is what a good token says.
type identity struct {
	viewer                  Viewer
	form, bandwidth, region string
	from, until             time.Time
	key                     *key
}

// OpenTokens reads the keys and goes on reading them until Close. Keys that cannot be read now are no error: until they are,
// tokens are Unavailable. ctx bounds the first reading.
func OpenTokens(ctx context.Context, c TokenConfig) (*Tokens, error) {
	if c.JWKS == "" {
		return nil, fault.New(fault.Invalid, "there is no key set to verify tokens with")
	}
	if len(c.Algorithms) == 0 {
		c.Algorithms = []string{"RS256", "ES256", "EdDSA"}
	}
	for _, a := range c.Algorithms {
		if !slices.Contains(Algorithms(), a) {
			return nil, fault.New(fault.Invalid, "%q is no algorithm that tokens may be signed with", a).WithHint("there are: %s", strings.Join(Algorithms(), ", "))
		}
	}
	if c.Claims.Viewer == "" {
		c.Claims.Viewer = "sub"
	}
	fill := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	fill(&c.Refresh, 10*time.Minute)
	fill(&c.RefetchEvery, 10*time.Second)
	fill(&c.Timeout, 3*time.Second)
	if c.MaxBytes <= 0 {
		c.MaxBytes = 512 << 10
	}
	if c.MaxKeys <= 0 {
		c.MaxKeys = 100
	}
	if c.Remembered <= 0 {
		c.Remembered = 50_000
	}
	if c.Client == nil {
		c.Client = &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, MaxResponseHeaderBytes: 64 << 10, IdleConnTimeout: time.Minute}}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	t := &Tokens{config: c}
	t.known, _ = lru.New[[sha256.Size]byte, *identity](c.Remembered) // its size is above 0
	t.parser = jwt.NewParser(jwt.WithValidMethods(c.Algorithms), jwt.WithLeeway(c.Skew), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithTimeFunc(c.Now), jwt.WithStrictDecoding(), jwt.WithJSONNumber())
	t.keys = openKeyset(ctx, &t.config)
	return t, nil
}

// Close ends the reading of keys. It waits for none that runs.
func (t *Tokens) Close() { t.keys.close() }

// asks takes who asks from the request's token, if there is one.
func (t *Tokens) asks(r *http.Request, a *Asker) error {
	header := r.Header.Get("Authorization")
	if header == "" {
		return nil
	}
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return bad("the Authorization header is no bearer token")
	}
	id, err := t.verify(r.Context(), strings.TrimSpace(token))
	if err != nil {
		return err
	}
	a.Viewer, a.Until = id.viewer, id.until
	if p := r.Header.Get(HeaderProfile); p != "" {
		if !slices.Contains(id.viewer.Profiles, p) {
			return fault.New(fault.Forbidden, "the token does not name this profile").WithHint("choose one of the token's profiles in %s", HeaderProfile)
		}
		a.Viewer.Profile = p
	}
	take := func(into *string, v string) {
		if v != "" {
			*into = v
		}
	}
	take(&a.Device.Form, id.form)
	take(&a.Device.Bandwidth, id.bandwidth)
	take(&a.Region, id.region)
	return nil
}

// verify says who a token is of. It does the work of the signature once for a token.
func (t *Tokens) verify(ctx context.Context, token string) (*identity, error) {
	if token == "" || len(token) > maxToken {
		return nil, bad("the token is empty or larger than %d bytes", maxToken)
	}
	if id := t.remembered(token); id != nil {
		return id, nil
	}
	id, err := t.read(ctx, token)
	if err != nil {
		return nil, err
	}
	t.known.Add(sha256.Sum256([]byte(token)), id)
	return id, nil
}

// remembered is what a token says that was verified before and is good still, or nil.
func (t *Tokens) remembered(token string) *identity {
	sum := sha256.Sum256([]byte(token)) // collisions cannot be made: equal sums are equal tokens
	id, ok := t.known.Get(sum)
	if !ok {
		return nil
	}
	now := t.config.Now()
	if id.key.gone.Load() || !now.Before(id.until) || now.Before(id.from) {
		t.known.Remove(sum)
		return nil
	}
	return id
}

// OpToken is the Op of the error of a token that is not good.
const OpToken = "token"

func bad(format string, args ...any) *fault.Error {
	return &fault.Error{Kind: fault.Unauthorized, Op: OpToken, Message: fmt.Sprintf(format, args...), Hint: "sign in again"}
}

// read verifies a token in full.
func (t *Tokens) read(ctx context.Context, token string) (*identity, error) {
	claims := jwt.MapClaims{}
	var used *key
	var unavailable error
	_, err := t.parser.ParseWithClaims(token, claims, func(j *jwt.Token) (any, error) {
		if _, critical := j.Header["crit"]; critical {
			return nil, errors.New("it has extensions")
		}
		kid, _ := j.Header["kid"].(string)
		k, err := t.keys.find(ctx, kid, j.Method.Alg())
		if err != nil {
			if fault.KindOf(err) == fault.Unavailable {
				unavailable = err
			}
			return nil, err
		}
		used = k
		return k.public, nil
	})
	switch {
	case unavailable != nil:
		return nil, unavailable
	case err != nil:
		return nil, bad("%s", why(err))
	}
	if err := t.meant(claims); err != nil {
		return nil, err
	}
	return t.identity(claims, used)
}

// why is what a device may know: none of the token, nothing of the keys.
func why(err error) string {
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return "the token is expired"
	case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return "the token is not valid yet"
	case errors.Is(err, jwt.ErrTokenMalformed):
		return "the token is malformed"
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return "the token has no expiry"
	}
	return "the token is not signed by a key that is trusted"
}

// meant says whether the token was issued by and for whom it must be.
func (t *Tokens) meant(claims jwt.MapClaims) error {
	if list := t.config.Issuers; len(list) > 0 {
		if iss, err := claims.GetIssuer(); err != nil || !slices.Contains(list, iss) {
			return bad("the token is of another issuer")
		}
	}
	if list := t.config.Audiences; len(list) > 0 {
		aud, err := claims.GetAudience()
		if err != nil || !slices.ContainsFunc(aud, func(a string) bool { return slices.Contains(list, a) }) {
			return bad("the token is for another audience")
		}
	}
	return nil
}

func (t *Tokens) identity(claims jwt.MapClaims, k *key) (*identity, error) {
	c := t.config.Claims
	id := &identity{key: k}
	texts := []struct {
		into  *string
		claim string
	}{{&id.viewer.ID, c.Viewer}, {&id.viewer.Profile, c.Profile}, {&id.form, c.Form}, {&id.bandwidth, c.Bandwidth}, {&id.region, c.Region}}
	for _, s := range texts {
		v, ok := text(find(claims, s.claim))
		if !ok {
			return nil, bad("the token's claim %s is no text of at most %d bytes", s.claim, maxValue)
		}
		*s.into = v
	}
	if id.viewer.ID == "" {
		return nil, bad("the token names no viewer")
	}
	list, ok := textList(find(claims, c.Profiles))
	if !ok {
		return nil, bad("the token's claim %s is no list of at most %d texts", c.Profiles, maxProfiles)
	}
	v := &id.viewer
	v.SignedIn, v.Profiles = true, list
	if v.Profile == "" {
		v.Profile = v.ID
		if len(list) > 0 {
			v.Profile = list[0]
		}
	}
	if !slices.Contains(v.Profiles, v.Profile) {
		v.Profiles = append(v.Profiles, v.Profile)
	}
	exp, err := claims.GetExpirationTime()
	if err != nil || exp == nil {
		return nil, bad("the token has no expiry")
	}
	id.until = exp.Add(t.config.Skew)
	if nbf, err := claims.GetNotBefore(); err == nil && nbf != nil {
		id.from = nbf.Add(-t.config.Skew)
	}
	return id, nil
}

// find is the claim of a name, or of a path through objects.
func find(claims map[string]any, name string) any {
	if name == "" {
		return nil
	}
	if v, ok := claims[name]; ok {
		return v
	}
	first, rest, deeper := strings.Cut(name, ".")
	if o, ok := claims[first].(map[string]any); ok && deeper {
		return find(o, rest)
	}
	return nil
}

// text is a claim's text: a number's digits, too, since some issuers number their viewers. Nothing is "".
func text(v any) (string, bool) {
	var s string
	switch v := v.(type) {
	case nil:
		return "", true
	case string:
		s = v
	case json.Number:
		s = v.String()
	default:
		return "", false
	}
	return s, len(s) <= maxValue && !strings.ContainsFunc(s, unprintable)
}

func textList(v any) ([]string, bool) {
	var list []string
	switch v := v.(type) {
	case nil:
	case string:
		if _, ok := text(v); !ok {
			return nil, false
		}
		list = strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == ',' })
	case []any:
		for _, one := range v {
			s, ok := text(one)
			if !ok || s == "" {
				return nil, false
			}
			list = append(list, s)
		}
	default:
		return nil, false
	}
	return list, len(list) <= maxProfiles
}
