package main

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"facet/fault"
	"facet/release"
	"facet/resolvers"
)

// namePattern is what environments, regions and instances are called: they are parts of keys in the store.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// checkConfig says what is wrong with values that each alone can be read.
func checkConfig(c *config) fault.Diagnostics {
	var ds fault.Diagnostics
	wrong := func(key, fix, format string, args ...any) {
		ds.Add(fault.Pos{File: key}, "Y006", fix, format, args...)
	}
	oneOf := func(key, value string, choices ...string) {
		if !slices.Contains(choices, value) {
			wrong(key, didYouMean(value, choices), "it is one of %s, not %q", strings.Join(choices, ", "), value)
		}
	}
	share := func(key string, v float64) {
		if v > 1 {
			wrong(key, "", "it is a share from 0 to 1, not %v", v)
		}
	}
	address := func(key, value string) {
		if value == "" {
			return
		}
		if _, _, err := net.SplitHostPort(value); err != nil {
			wrong(key, "write :8080 or 127.0.0.1:8080", "it is an address with a port, not %q", value)
		}
	}
	for key, v := range map[string]string{"env": c.Env, "region": c.Region, "instance": c.Instance} {
		if !namePattern.MatchString(v) {
			wrong(key, "letters, digits, dots, dashes, at most 63", "%q cannot be a name", v)
		}
	}
	checkStore(&c.Store, wrong)
	if c.Serve.Listen == "" && c.Control.Listen == "" {
		wrong("serve.listen", "set serve.listen, control.listen or both", "nothing listens")
	}
	address("serve.listen", c.Serve.Listen)
	address("ops.listen", c.Ops.Listen)
	address("control.listen", c.Control.Listen)
	address("store.embedded.listen", c.Store.Embedded.Listen)
	for key, t := range map[string]tlsConfig{"serve.tls": c.Serve.TLS, "control.tls": c.Control.TLS} {
		oneOf(key+".min", t.Min, "1.2", "1.3")
		if (t.Cert == "") != (t.Key == "") {
			wrong(key, "", "a certificate needs its key: set both %s.cert and %s.key, or neither", key, key)
		}
	}
	oneOf("serve.graphqlHTTP", c.Serve.GraphQLHTTP, "2026-09", "draft")
	checkCompression(&c.Serve.Compression, wrong)
	checkDocuments(&c.Serve.Documents, wrong)
	for _, o := range c.Serve.CORS {
		if u, err := url.Parse(o); o != "*" && (err != nil || u.Scheme == "" || u.Host == "" || u.Path != "") {
			wrong("serve.cors", "write https://app.example, without a path", "%q is no origin", o)
		}
	}
	positive := func(key string, n int) {
		if n <= 0 {
			wrong(key, "", "it must be above 0")
		}
	}
	positive("serve.maxConnections", c.Serve.MaxConnections)
	positive("serve.maxStreams", c.Serve.MaxStreams)
	positive("serve.maxHeader", int(c.Serve.MaxHeader))
	positive("serve.maxBody", int(c.Serve.MaxBody))
	positive("serve.headerTimeout", int(c.Serve.HeaderTimeout))
	positive("serve.writeTimeout", int(c.Serve.WriteTimeout))
	positive("cache.idle", int(c.Cache.Idle))
	positive("cache.engines", c.Cache.Engines)
	checkAim(c.Cache.Memory, wrong)
	positive("control.keepEvery", int(c.Control.KeepEvery))
	positive("limits.maxViewers", c.Limits.MaxViewers)
	if c.Limits.HeapFloor < 0 {
		wrong("limits.heapFloor", "", "limits.heapFloor is at least 0")
	}
	positive("scripts.cpu", int(c.Scripts.CPU))
	positive("scripts.memory", int(c.Scripts.Memory))
	positive("scripts.output", int(c.Scripts.Output))
	positive("scripts.requestCPU", int(c.Scripts.RequestCPU))
	share("scripts.share", c.Scripts.Share)
	checkScripts(&c.Scripts, wrong)
	checkTierCache(&c.Tiers.Cache, wrong)
	for _, l := range c.Serve.Locales {
		if _, err := language.Parse(l); err != nil {
			wrong("serve.locales", "write en-US, or de", "%q is no locale", l)
		}
	}
	checkShed(&c.Limits.Shed, wrong)
	checkTokens(c.Control.Tokens, wrong)
	checkAsker(c, wrong)
	checkWorkers(&c.Scripts, wrong)
	if u, err := url.Parse(c.Registry.URL); c.Registry.URL != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		wrong("registry.url", "write https://edge.example/registry/", "%q is no URL", c.Registry.URL)
	}
	if (c.Control.Signing.Key == "") != (c.Control.Signing.File == "") {
		wrong("control.signing", "", "a signature needs a key's name and its file: set both, or neither")
	}
	oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	oneOf("log.format", c.Log.Format, "json", "text")
	positive("log.successes", c.Log.Successes)
	positive("log.refusals", c.Log.Refusals)
	share("tracing.sample", c.Tracing.Sample)
	ds.Sort()
	return ds
}

// complain adds a mistake in a key.
type complain = func(key, fix, format string, args ...any)

func checkStore(s *storeConfig, wrong complain) {
	if s.Embedded.Dir != "" {
		if s.Endpoint != "" {
			wrong("store.endpoint", "", "it is set beside store.embedded.dir: keep one of them")
		}
		return
	}
	switch u, err := url.Parse(s.Endpoint); {
	case s.Endpoint == "":
		wrong("store.endpoint", "set store.endpoint, or store.embedded.dir for a single machine", "there is no store")
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		wrong("store.endpoint", "write https://s3.example", "%q is no URL of a server", s.Endpoint)
	case s.SecretKey == "" && s.SecretKeyFile == "":
		wrong("store.secretKey", "set FACET_STORE_SECRET_KEY or store.secretKeyFile", "the store's secret key is missing")
	case s.SecretKey != "" && s.SecretKeyFile != "":
		wrong("store.secretKey", "keep one of them", "both FACET_STORE_SECRET_KEY and store.secretKeyFile are set")
	}
	if s.Bucket == "" {
		wrong("store.bucket", "", "the bucket has no name")
	}
}

func checkShed(s *shedConfig, wrong complain) {
	if s.Off {
		return
	}
	if s.Max <= 0 || s.Min < 0 || s.Min > s.Max {
		wrong("limits.shed.max", "", "limits.shed.min is at least 0 and at most limits.shed.max")
	}
	if s.Queue < 0 || s.Target <= 0 {
		wrong("limits.shed", "", "the target is above 0, and the queue not below")
	}
}

// checkTokens leaves names, sums and scopes to the control API, which has the last word on them.
func checkTokens(tokens []tokenConfig, wrong complain) {
	for _, t := range tokens {
		if (t.SHA256 == "") == (t.Env == "") {
			wrong("control.tokens", "", "the token %q needs one of sha256 and env", t.Name)
		}
	}
	if _, err := controlTokens(tokens); err != nil {
		wrong("control.tokens", fault.HintOf(err), "%s", fault.Public(err))
	}
}

// controlTokens are the tokens that the control API accepts.
func controlTokens(tokens []tokenConfig) (resolvers.Tokens, error) {
	list := make([]resolvers.Token, len(tokens))
	for i, t := range tokens {
		list[i] = resolvers.Token{Name: t.Name, SHA256: t.SHA256, Scopes: t.Scopes}
		if t.Env == "" {
			continue
		}
		v := os.Getenv(t.Env)
		if v == "" {
			return resolvers.Tokens{}, fault.New(fault.Invalid, "the variable %s of the token %q is not set", t.Env, t.Name)
		}
		list[i].SHA256 = resolvers.HashToken(v)
	}
	return resolvers.NewTokens(list)
}

// signer is the key that the control API signs with; the zero Signer if there is none.
func (c signingConfig) signer() (release.Signer, error) {
	if c.File == "" {
		return release.Signer{}, nil
	}
	b, err := os.ReadFile(c.File)
	if err != nil {
		return release.Signer{}, fault.Wrap(fault.Invalid, "read control.signing.file", c.File, err)
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return release.Signer{}, fault.New(fault.Invalid, "control.signing.file: %s is no PEM file", c.File).WithHint("openssl genpkey -algorithm ed25519 -out %s", c.File)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	private, ok := key.(ed25519.PrivateKey)
	if err != nil || !ok {
		return release.Signer{}, fault.New(fault.Invalid, "control.signing.file: %s is no ed25519 private key", c.File).WithHint("openssl genpkey -algorithm ed25519 -out %s", c.File)
	}
	return release.Signer{Key: c.Key, Private: private}, nil
}

// keys are the public keys that are trusted; nil trusts anything.
func (c trustConfig) keys() (release.Keys, error) {
	if len(c.Keys) == 0 {
		return nil, nil
	}
	keys := release.Keys{}
	for name, text := range c.Keys {
		b := []byte(text)
		if !strings.Contains(text, "-----BEGIN") {
			var err error
			if b, err = os.ReadFile(text); err != nil {
				return nil, fault.Wrap(fault.Invalid, "read trust.keys."+name, text, err)
			}
		}
		block, _ := pem.Decode(b)
		if block == nil {
			return nil, fault.New(fault.Invalid, "trust.keys.%s is no PEM text", name)
		}
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		public, ok := key.(ed25519.PublicKey)
		if err != nil || !ok {
			return nil, fault.New(fault.Invalid, "trust.keys.%s is no ed25519 public key", name).WithHint("openssl pkey -in private.pem -pubout")
		}
		keys[name] = public
	}
	return keys, nil
}

// secretKey is the store's, from its variable or its file.
func (s *storeConfig) secretKey() (string, error) {
	if s.SecretKeyFile == "" {
		return string(s.SecretKey), nil
	}
	b, err := os.ReadFile(s.SecretKeyFile)
	if err != nil {
		return "", fault.Wrap(fault.Invalid, "read store.secretKeyFile", s.SecretKeyFile, err)
	}
	return strings.TrimSpace(string(b)), nil
}
