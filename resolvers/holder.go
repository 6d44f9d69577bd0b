package resolvers

import (
	"strings"

	"facet/fault"
)

// A Holder is one who holds a token that is known: another API of the same control plane asks it what the control API asks itself.
type Holder struct{ is *holder }

// Holder is who holds a token; false if nobody known does.
func (t Tokens) Holder(token string) (Holder, bool) {
	h := t.find(token)
	return Holder{h}, h != nil
}

// Name is the token's name: the author of what its holder does.
func (h Holder) Name() string { return h.is.name }

// May is nil if the token has the scope to do a verb ("publish") to a subject (a package, an environment, or ""), else Forbidden and names it.
func (h Holder) May(verb, subject string) error {
	if h.is.has(verb, subject) {
		return nil
	}
	return h.is.lacks(verb, subject)
}

// lacks is the refusal of a token without a scope.
func (h *holder) lacks(verb, subject string) error {
	scope := verb
	if subject != "" {
		scope += ":" + subject
	}
	return fault.New(fault.Forbidden, "the token %q lacks the scope %s", h.name, scope).WithHint("ask an operator for a token with %s; this one has %s", scope, strings.Join(h.scopes, ", "))
}
