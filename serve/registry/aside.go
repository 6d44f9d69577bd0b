package registry

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"facet/fault"
)

// aside answers what is of no package: the paths below "-".
func (s *server) aside(q *request, p []string) error {
	get := q.r.Method == http.MethodGet || q.r.Method == http.MethodHead
	at := strings.Join(p, "/")
	switch {
	case at == "ping" && get:
		send(q, http.StatusOK, struct{}{})
		return nil
	case at == "whoami" && get:
		if q.holder == nil {
			return s.stranger(q)
		}
		send(q, http.StatusOK, map[string]string{"username": q.holder.Name()})
		return nil
	case at == "v1/search" && get:
		return s.search(q)
	case at == "npm/v1/keys" && get:
		send(q, http.StatusOK, map[string]any{"keys": []string{}})
		return nil
	case at == "npm/v1/security/advisories/bulk" && q.r.Method == http.MethodPost:
		send(q, http.StatusOK, struct{}{})
		return nil
	case strings.HasPrefix(at, "npm/v1/security/audits") && q.r.Method == http.MethodPost:
		send(q, http.StatusOK, map[string]any{"actions": []string{}, "advisories": struct{}{}, "muted": []string{},
			"metadata": map[string]any{"vulnerabilities": map[string]int{"info": 0, "low": 0, "moderate": 0, "high": 0, "critical": 0}}})
		return nil
	case at == "v1/login", len(p) >= 2 && p[0] == "user":
		return &absentError{fault.New(fault.Invalid, "this registry has no accounts: tokens are given out by its operators").WithHint("%s", fault.HintOf(s.stranger(q)))}
	case len(p) >= 3 && p[0] == "package" && p[2] == "dist-tags":
		return s.tags(q, p[1], p[3:])
	}
	return nothing(q)
}

// Of a search: how many packages it shows, and at most.
const (
	pageSize = 20
	mostSize = 100
)

// search finds packages by words in their names.
func (s *server) search(q *request) error {
	if err := s.reads(q, ""); err != nil {
		return err
	}
	values := q.r.URL.Query()
	words := strings.Fields(strings.ToLower(values.Get("text")))
	size, from := number(values.Get("size"), pageSize, mostSize), number(values.Get("from"), 0, 1<<30)
	names, err := s.Shelf.Names(q.r.Context())
	if err != nil {
		return err
	}
	total := 0
	found := []any{}
	for _, name := range names {
		if !matches(name, words) {
			continue
		}
		total++
		if total <= from || len(found) >= size {
			continue
		}
		one, err := s.found(q, name)
		if fault.KindOf(err) == fault.NotFound { // it was unpublished just now
			continue
		}
		if err != nil {
			return err
		}
		found = append(found, one)
	}
	send(q, http.StatusOK, map[string]any{"objects": found, "total": total})
	return nil
}

// number is a parameter: what it is if it is none, and at most.
func number(text string, none, most int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return none
	}
	return min(n, most)
}

func matches(name string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(name, w) {
			return false
		}
	}
	return true
}

// found is a package as a search shows it: its latest version, else the highest.
func (s *server) found(q *request, name string) (map[string]any, error) {
	p, err := s.Shelf.Package(q.r.Context(), name)
	if err != nil {
		return nil, err
	}
	v := p.version(p.Tags["latest"])
	if v == nil {
		v = &p.Versions[len(p.Versions)-1]
	}
	of := v.fields()
	one := map[string]any{"name": name, "version": v.Version, "date": stamp(v.Published.UTC()), "keywords": []string{}, "maintainers": []string{}, "links": struct{}{}}
	for _, f := range []string{"description", "keywords"} {
		if value, ok := of[f]; ok && json.Valid(value) {
			one[f] = value
		}
	}
	if scope, _, ok := strings.Cut(name, "/"); ok {
		one["scope"] = strings.TrimPrefix(scope, "@")
	} else {
		one["scope"] = "unscoped"
	}
	return map[string]any{"package": one}, nil
}
