package resolvers

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"

	"facet/fault"
)

// A Token is one key to the control API. The token itself is nowhere: only its SHA-256.
//
// A scope is one of
//
//	read             every query and subscription
//	publish          publish, tag and deprecate any package
//	publish:@tv      … those of an npm scope
//	publish:@tv/home … one package
//	deploy           make releases in every environment
//	deploy:prod      … in one
//	graph            publish graph versions
//	admin            all of these
//
// No scope but admin brings another.
type Token struct {
	Name   string   // of the person or program that holds it; the author of what it does
	SHA256 string   // 64 hex digits; HashToken makes them
	Scopes []string // at least one
}

// HashToken is the SHA-256 of a token in hex, as Token has it.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Tokens are those that a control API accepts. The zero Tokens accept none.
type Tokens struct{ known []holder }

type holder struct {
	name   string
	sum    [sha256.Size]byte
	scopes []string
}

// What scopes allow, beside admin.
const (
	reading    = "read"
	publishing = "publish"
	deploying  = "deploy"
	graphing   = "graph"
)

var (
	tokenName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,62}$`)
	scopeForm = regexp.MustCompile(`^(read|publish|deploy|graph|admin|publish:(@[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)?|[a-z0-9][a-z0-9._-]*)|deploy:[a-z0-9][a-z0-9._-]*)$`)
)

const scopesHint = "scopes are read, publish, publish:@scope, publish:@scope/name, deploy, deploy:environment, graph and admin"

// NewTokens checks a list of tokens, as a configuration has it. It is Invalid and names the first that is wrong.
func NewTokens(list []Token) (Tokens, error) {
	var out Tokens
	for i, t := range list {
		if !tokenName.MatchString(t.Name) {
			return Tokens{}, fault.New(fault.Invalid, "token %d has no name of 1 to 63 letters, digits, blanks and . _ @ -", i+1)
		}
		sum, err := hex.DecodeString(t.SHA256)
		if err != nil || len(sum) != sha256.Size {
			return Tokens{}, fault.New(fault.Invalid, "the token %q has no SHA-256 of 64 hex digits", t.Name).WithHint("printf %%s \"$TOKEN\" | sha256sum")
		}
		if len(t.Scopes) == 0 {
			return Tokens{}, fault.New(fault.Invalid, "the token %q has no scope", t.Name).WithHint(scopesHint)
		}
		for _, s := range t.Scopes {
			if !scopeForm.MatchString(s) {
				return Tokens{}, fault.New(fault.Invalid, "%q of the token %q is no scope", s, t.Name).WithHint(scopesHint)
			}
		}
		h := holder{name: t.Name, scopes: slices.Clone(t.Scopes)}
		copy(h.sum[:], sum)
		for _, other := range out.known {
			if other.name == h.name || other.sum == h.sum {
				return Tokens{}, fault.New(fault.Invalid, "the tokens %q and %q are the same, or have one name", other.name, h.name)
			}
		}
		out.known = append(out.known, h)
	}
	return out, nil
}

// find is the holder of a token; nil if nobody known holds it. It compares with every one, whichever it is.
func (t Tokens) find(token string) *holder {
	sum := sha256.Sum256([]byte(token))
	var found *holder
	for i := range t.known {
		if subtle.ConstantTimeCompare(sum[:], t.known[i].sum[:]) == 1 {
			found = &t.known[i]
		}
	}
	return found
}

// has says whether the holder may do what a verb ("publish") does to a subject: a package, an environment, or "".
func (h *holder) has(verb, subject string) bool {
	for _, s := range h.scopes {
		have, of, narrowed := strings.Cut(s, ":")
		switch {
		case have == "admin":
			return true
		case have != verb:
		case !narrowed, of == subject:
			return true
		case verb == publishing && strings.HasPrefix(of, "@") && !strings.Contains(of, "/") && strings.HasPrefix(subject, of+"/"):
			return true
		}
	}
	return false
}

// narrow says whether the holder may do a verb to some subjects only, so that the subject must be known first.
func (h *holder) narrow(verb string) bool { return !h.has(verb, "") }

// some says whether the holder may do a verb to anything at all.
func (h *holder) some(verb string) bool {
	return slices.ContainsFunc(h.scopes, func(s string) bool {
		have, _, _ := strings.Cut(s, ":")
		return have == verb || have == "admin"
	})
}

type askKey struct{}

// An ask is what is known of one request.
type ask struct {
	who     *holder
	id      string // the request id
	refused bool   // some field wanted a scope that the token lacks
	unfit   bool   // the document, or its variables, are not of the schema or past a limit
	started bool   // the operation is being executed
}

func asking(ctx context.Context) *ask { return ctx.Value(askKey{}).(*ask) }

// may is nil if the asker's token has the scope, else Forbidden and names it.
func may(ctx context.Context, verb, subject string) error {
	a := asking(ctx)
	if a.who.has(verb, subject) {
		return nil
	}
	a.refused = true
	return a.who.lacks(verb, subject)
}

// author is who a change is noted under: the client's own words, then the token that they came with.
func author(ctx context.Context, words string) string {
	name := asking(ctx).who.name
	if words = strings.TrimSpace(words); words == "" || words == name {
		return name
	}
	return words + " (" + name + ")"
}
