package control

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"facet/fault"
	"facet/release"
	"facet/storage"
)

// An AuditLine says who changed an environment, when and how.
type AuditLine struct {
	At       time.Time        `json:"at"` // in UTC, to the millisecond
	Who      string           `json:"who,omitempty"`
	Verb     string           `json:"verb"` // "release", "rollback" or "keep"
	Env      string           `json:"env"`
	Request  AuditRequest     `json:"request"`
	Release  string           `json:"release"` // digest of what the regions moved to
	Parent   string           `json:"parent,omitempty"`
	Regions  map[string]int64 `json:"regions"` // that moved, and the sequence of their pointers
	Changed  []string         `json:"changed,omitempty"`
	Held     []release.Held   `json:"held,omitempty"`     // consumers that did not go along, as of this release
	Breaking int              `json:"breaking,omitempty"` // how many changes break an app
}

// An AuditRequest is what was asked for.
type AuditRequest struct {
	Regions        []string  `json:"regions,omitempty"`
	Deploy         []string  `json:"deploy,omitempty"`
	Remove         []string  `json:"remove,omitempty"` // "tv/v3 @tv/home"
	Graph          string    `json:"graph,omitempty"`
	Why            string    `json:"why,omitempty"`
	SourceRevision string    `json:"sourceRevision,omitempty"`
	ActivateAt     time.Time `json:"activateAt,omitzero"`
	IfRevision     string    `json:"ifRevision,omitempty"`
	Breaking       string    `json:"breaking,omitempty"`
	Retire         bool      `json:"retire,omitempty"`
}

const (
	maxAudit = 1 << 20 // bytes of one line
	auditFor = 10 * time.Second
)

// audit writes the line of a move that happened. That it could not is said in the result and fails nothing.
func (c *Control) audit(ctx context.Context, m *mover, res *Result) {
	req := m.req
	line := AuditLine{
		At: m.try.now.UTC().Truncate(time.Millisecond), Who: req.Note.Author, Verb: m.verb, Env: req.Env, Release: res.Digest, Parent: res.Release.Parent,
		Regions: map[string]int64{}, Changed: res.Changed, Held: res.Release.Held,
		Request: AuditRequest{Regions: req.Regions, Deploy: req.Deploy, Graph: req.Graph, Why: req.Note.Why, SourceRevision: req.Note.SourceRevision, ActivateAt: req.ActivateAt.UTC(), IfRevision: req.IfRevision, Breaking: req.Breaking, Retire: req.Retire},
	}
	for _, p := range req.Remove {
		line.Request.Remove = append(line.Request.Remove, p.Route()+" "+p.Package)
	}
	for region, p := range res.Pointers {
		line.Regions[region] = p.Seq
	}
	for _, changes := range res.Changes {
		for _, x := range changes {
			if x.Breaking {
				line.Breaking++
			}
		}
	}
	raw, err := json.Marshal(line)
	if err == nil && len(raw) > maxAudit {
		line.Held = line.Held[:min(len(line.Held), 100)]
		line.Changed = append(line.Changed[:min(len(line.Changed), 100)], "and more")
		raw, err = json.Marshal(line)
	}
	if err == nil {
		// The release is made: that the asker goes away does not keep it from being written down.
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditFor)
		defer cancel()
		_, err = storage.PutImmutable(limited, c.objects(), release.AuditKey(line.Env, line.At, line.Release), raw, storage.PutOptions{ContentType: "application/json"})
	}
	if err != nil {
		res.Unaudited = err.Error()
	}
}

// Audit lists who changed an environment from one time to another, oldest first, at most max lines (0 is 100, 1000 the most).
func (c *Control) Audit(ctx context.Context, env string, from, to time.Time, max int) ([]AuditLine, error) {
	if !release.ValidName(env) {
		return nil, fault.New(fault.Invalid, "%q can name no environment", env)
	}
	if max <= 0 {
		max = 100
	}
	if to.Sub(from) > 366*24*time.Hour {
		return nil, fault.New(fault.Limit, "the audit is read for a year at most")
	}
	max = min(max, 1000)
	var keys []string
	for day := from.UTC().Truncate(24 * time.Hour); !day.After(to) && len(keys) < max; day = day.Add(24 * time.Hour) {
		for info, err := range c.objects().List(ctx, release.AuditPrefix(env, day)) {
			if err != nil {
				return nil, err
			}
			at, ok := release.AuditTime(info.Key)
			if ok && !at.Before(from.Truncate(time.Millisecond)) && !at.After(to) && len(keys) < max {
				keys = append(keys, info.Key)
			}
		}
	}
	lines := make([]AuditLine, len(keys))
	err := each(ctx, readers, keys, func(ctx context.Context, i int, key string) error {
		obj, err := c.objects().Get(ctx, key, storage.GetOptions{MaxBytes: 2 * maxAudit})
		if err != nil {
			return err
		}
		if err := json.Unmarshal(obj.Body, &lines[i]); err != nil {
			return &fault.Error{Kind: fault.BadAnswer, Op: "control.audit", Subject: key, Message: "this line cannot be read", Err: err}
		}
		return nil
	})
	return lines, err
}

// String is the line for people.
func (l AuditLine) String() string {
	return fmt.Sprintf("%s %s %s %s -> %s in %v", l.At.Format(time.RFC3339), l.Who, l.Verb, l.Env, release.Short(l.Release), sorted(l.Regions))
}
