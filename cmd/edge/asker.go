package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/net/http/httpguts"

	"facet/asker"
	"facet/fault"
	"facet/release"
)

// askerExperiments are a release's experiments as askers take part in them.
func askerExperiments(r *release.Release) *asker.Experiments {
	list := make([]asker.Experiment, 0, len(r.Experiments))
	for _, x := range r.Experiments {
		e := asker.Experiment{Name: x.Name, Salt: x.Salt, Unit: x.Unit, Field: x.Field, Default: x.Default}
		for _, a := range x.Arms {
			e.Arms, e.Weights = append(e.Arms, a.Name), append(e.Weights, uint32(max(0, a.Weight)))
		}
		list = append(list, e)
	}
	return asker.NewExperiments(list)
}

// asking is how it is known who asks, without the tokens.
func (c *config) asking() asker.Settings {
	s := asker.Settings{TrustHeaders: c.Serve.TrustHeaders, DeviceHeaders: c.Asker.DeviceHeaders, Required: c.Asker.Required, Locales: c.Serve.Locales, Region: c.Region}
	for _, r := range c.Asker.Rules {
		rule := asker.Rule{Device: r.Device, Header: r.Header, Form: r.Form, Bandwidth: r.Bandwidth, AppVersion: r.AppVersion}
		if r.Match != "" {
			rule.Match = regexp.MustCompile(r.Match) // checkAsker has seen it
		}
		s.Rules = append(s.Rules, rule)
	}
	return s
}

// verify has a front's bearer tokens verified, if the configuration says how, and gives what to call at the end.
func (f *front) verify(ctx context.Context, c *jwtConfig, log zerolog.Logger) (func(), error) {
	if c.JWKS == "" {
		f.ask.Prepare()
		return func() {}, nil
	}
	t, err := asker.OpenTokens(ctx, asker.TokenConfig{
		JWKS: c.JWKS, Issuers: c.Issuers, Audiences: c.Audiences, Algorithms: c.Algorithms, Skew: c.ClockSkew,
		Claims: asker.Claims{Viewer: c.Claims.Viewer, Profile: c.Claims.Profile, Profiles: c.Claims.Profiles,
			Form: c.Claims.Form, Bandwidth: c.Claims.Bandwidth, Region: c.Claims.Region},
		Refresh: c.Refresh, RefetchEvery: c.RefetchEvery, Timeout: c.Timeout, MaxKeys: c.MaxKeys, MaxBytes: int64(c.MaxBytes), Remembered: c.Remembered,
		Trouble: func(err error) { log.Warn().Err(err).Msg("the keys of tokens cannot be read; those before stay") },
	})
	if err != nil {
		return nil, err
	}
	f.ask.Tokens = t
	f.ask.Prepare()
	return t.Close, nil
}

// checkFile reads a key set that is a file. One that has a URL may be away for a moment, so that says nothing.
func (c *jwtConfig) checkFile() error {
	if c.JWKS == "" || strings.HasPrefix(c.JWKS, "http://") || strings.HasPrefix(c.JWKS, "https://") {
		return nil
	}
	if _, err := os.ReadFile(c.JWKS); err != nil {
		return fault.Wrap(fault.Invalid, "read asker.jwt.jwks", c.JWKS, err)
	}
	return nil
}

// maxRules bounds the rules that are asked for each request.
const maxRules = 100

func checkAsker(c *config, wrong complain) {
	if j := &c.Asker.JWT; j.JWKS == "" && (len(j.Issuers) > 0 || len(j.Audiences) > 0) {
		wrong("asker.jwt.jwks", "write https://id.example/.well-known/jwks.json, or the name of a file", "without keys tokens are not looked at, and everybody is nobody")
	}
	if j := &c.Asker.JWT; j.JWKS != "" {
		if u, err := url.Parse(j.JWKS); err == nil && u.Scheme != "" && (u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
			wrong("asker.jwt.jwks", "write https://id.example/.well-known/jwks.json, or the name of a file", "%q is no URL", j.JWKS)
		}
		if len(j.Issuers) == 0 {
			wrong("asker.jwt.issuers", "name who issues the tokens: their iss", "tokens of any issuer would be good")
		}
		if len(j.Audiences) == 0 {
			wrong("asker.jwt.audiences", "name whom the tokens are for: their aud", "tokens for anybody would be good")
		}
		for _, a := range j.Algorithms {
			if !slices.Contains(asker.Algorithms(), a) {
				wrong("asker.jwt.algorithms", didYouMean(a, asker.Algorithms()), "%q is no algorithm that tokens may be signed with", a)
			}
		}
		if j.Claims.Viewer == "" {
			wrong("asker.jwt.claims.viewer", "write sub", "no claim says who asks")
		}
		if j.ClockSkew < 0 || j.ClockSkew > 10*time.Minute {
			wrong("asker.jwt.clockSkew", "", "it is from 0 to 10m, not %s", j.ClockSkew)
		}
		for key, n := range map[string]int64{"refresh": int64(j.Refresh), "refetchEvery": int64(j.RefetchEvery), "timeout": int64(j.Timeout),
			"maxKeys": int64(j.MaxKeys), "maxBytes": int64(j.MaxBytes), "remembered": int64(j.Remembered)} {
			if n <= 0 {
				wrong("asker.jwt."+key, "", "it must be above 0")
			}
		}
	}
	if c.Asker.Required && c.Asker.JWT.JWKS == "" && !c.Serve.TrustHeaders {
		wrong("asker.required", "set asker.jwt.jwks, or serve.trustHeaders behind a proxy", "nobody can say who they are, so everybody would be refused")
	}
	if len(c.Asker.Rules) > maxRules {
		wrong("asker.rules", "", "there are %d; %d is the most", len(c.Asker.Rules), maxRules)
	}
	for i, r := range c.Asker.Rules {
		at := fmt.Sprintf("asker.rules.%d", i)
		if r.Header == "" {
			wrong(at+".header", "name a request header, such as User-Agent", "the rule looks at nothing")
		} else if !httpguts.ValidHeaderFieldName(r.Header) {
			wrong(at+".header", "name a request header, such as User-Agent", "%q cannot be a header's name", r.Header)
		}
		if _, err := regexp.Compile(r.Match); err != nil {
			wrong(at+".match", "", "%q is no regular expression: %v", r.Match, err)
		}
		if r.Form == "" && r.Bandwidth == "" && r.AppVersion == "" {
			wrong(at, "give it form, bandwidth or appVersion", "the rule says nothing")
		}
	}
}
