package asker

import (
	"net/http"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"
)

// maxArms bounds the allocated arms that are remembered. Those that were needed least lately go first.
const maxArms = 50_000

// arms are those that tiers allocated, as answers last depended on them. They name contexts and nothing else: no answer is made of them.
type arms = lru.Cache[armKey, string]

// An armKey is a place of an experiment: a tier may allocate by the viewer or by the profile.
type armKey struct{ experiment, viewer, profile string }

// Allocated notes the arm that a tier has allocated to the asker, as an answer depended on it. Arms that are known with the request
// are not noted, nor is anything of an asker that no Settings made.
func (a *Asker) Allocated(experiment, arm string) {
	if a.arms == nil || !a.Viewer.SignedIn || a.Allocation(experiment).Field == "" {
		return
	}
	k := armKey{experiment, a.Viewer.ID, a.Viewer.Profile}
	if before, ok := a.arms.Get(k); !ok || before != arm {
		a.arms.Add(k, arm)
	}
}

// LastCell is the asker's arm of an experiment, as Cell gives it; of one that a tier allocates, the one that an answer last depended
// on here, and "" as long as none did.
func (a *Asker) LastCell(experiment string) string {
	if arm := a.Cell(experiment); arm != "" || a.arms == nil || a.Allocation(experiment).Field == "" {
		return arm
	}
	arm, _ := a.arms.Get(armKey{experiment, a.Viewer.ID, a.Viewer.Profile})
	return arm
}

// Known is the viewer of a request's token, if that was verified before and is good still; else "". It does not verify: it costs a
// look by the token's hash, so that it can be asked before a request is taken on.
func (s *Settings) Known(r *http.Request) string {
	if s.Tokens == nil {
		return ""
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if token = strings.TrimSpace(token); token == "" || len(token) > maxToken || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	if id := s.Tokens.remembered(token); id != nil {
		return id.viewer.ID
	}
	return ""
}
