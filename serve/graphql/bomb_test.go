package graphql_test

import (
	"fmt"
	"net/http/httptest"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cpu is the CPU time that the process has used.
func cpu(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func nested(n int, open, leaf string) string {
	return strings.Repeat(open+"{", n) + leaf + strings.Repeat("}", n)
}

// fragments makes a chain in which each spreads the next twice.
func fragments(n int) string {
	var b strings.Builder
	b.WriteString("{film(id:1){...F0}}")
	for i := range n {
		fmt.Fprintf(&b, " fragment F%d on Card{similar{...F%d} a%d:similar{...F%d}}", i, i+1, i, i+1)
	}
	fmt.Fprintf(&b, " fragment F%d on Card{key}", n)
	return b.String()
}

func TestBombs(t *testing.T) {
	doc := func(query string) string { return `{"query":` + text(query) + `}` }
	for name, c := range map[string]struct{ body, want string }{
		"depth":             {doc("{film(id:1)" + "{" + nested(60, "similar", "key") + "}}"), "levels of depth"},
		"very deep":         {doc("{" + nested(3900, "a", "b") + "}"), "levels of depth"},
		"inline fragments":  {doc("{" + nested(3000, "...", "__typename") + "}"), "levels of depth"},
		"aliases":           {doc("{" + aliases(200) + "}"), "aliases"},
		"fields":            {doc("{film(id:1){" + strings.Repeat("key title art similar{key} ", 400) + "}}"), "repeats of one response key"},
		"many fields":       {doc("{" + strings.Repeat("film(id:1){key title art} ", 20) + manySets() + "}"), "fields"},
		"repeats":           {doc("{film(id:1){" + strings.Repeat("key ", 100) + "}}"), "repeats of one response key (key)"},
		"repeated views":    {doc("{" + strings.Repeat("home{name} ", 300) + "}"), "repeats of one response key (home)"},
		"tokens":            {doc("{" + strings.Repeat("a ", 30_000) + "}"), "tokens"},
		"tokens of a list":  {doc(`{search(filter:{text:[` + strings.Repeat("1 ", 30_000) + `]}){key}}`), "tokens"},
		"doubling":          {doc(fragments(60)), "fields"},
		"fragments":         {doc("{__typename}" + manyFragments(300)), "fragments"},
		"spreads":           {doc("{" + many(80, "a%d:film(id:%d){...A ...B ...C}") + "} fragment A on Card{key} fragment B on Card{id} fragment C on Card{title}"), "fragment spreads"},
		"operations":        {doc(manyOperations(100)), "operations"},
		"directives":        {doc("{home{name" + strings.Repeat(" @skip(if:false)", 400) + "}}"), "directives"},
		"conditions":        {doc(conditions(30)), "variables in @skip"},
		"body":              {doc("{" + strings.Repeat(" ", 300<<10) + "}"), "limit of 262144 bytes"},
		"variables":         {`{"query":"{__typename}","variables":{"a":"` + strings.Repeat("x", 100<<10) + `"}}`, "variables: past the limit"},
		"deep variables":    {`{"query":"{__typename}","variables":{"a":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}}`, "levels of depth"},
		"deep JSON":         {strings.Repeat("[", 200_000), "no JSON"},
		"document":          {doc("{" + strings.Repeat("a", 200_000) + "}"), "limit of 65536 bytes"},
		"one long name":     {doc("{" + strings.Repeat("a", 60_000) + "}"), "bytes in a name"},
		"one long argument": {doc("{film(" + strings.Repeat("a", 60_000) + ":1){key}}"), "bytes in a name"},
		"one long member":   {doc("{byGenre(genre:" + strings.Repeat("A", 60_000) + "){titles{key}}}"), "bytes in a name"},
		"one long type":     {doc("{...on " + strings.Repeat("A", 60_000) + "{key}}"), "bytes in a name"},
		"one long string":   {doc(`{film(id:"` + strings.Repeat("a", 60_000) + `"){nothing}}`), "Cannot query field"},
		"many wrong fields": {doc("{" + wrong(700) + "}"), "Cannot query field"},
	} {
		t.Run(name, func(t *testing.T) {
			h := serveWorld(films(t), nil)
			post(h, "{__typename}", nil) // the engine and its schema are there
			best := time.Hour
			for range 5 {
				runtime.GC()
				before := cpu(t)
				r := httptest.NewRequest("POST", "/tv/v3/graphql", strings.NewReader(c.body))
				r.Header.Set("Content-Type", "application/json")
				r.ContentLength = -1 // as with chunks: the reader finds the end
				rec := httptest.NewRecorder()
				h.ServeHTTP(rec, r)
				best = min(best, cpu(t)-before)
				if rec.Code < 400 || rec.Code > 499 || !strings.Contains(rec.Body.String(), c.want) {
					t.Fatalf("%d %.300s, want a 4xx that says %q", rec.Code, rec.Body, c.want)
				}
				if rec.Body.Len() > 4<<10 {
					t.Errorf("the refusal has %d bytes", rec.Body.Len())
				}
			}
			t.Logf("%d bytes: %v of CPU", len(c.body), best)
			if best > 5*time.Millisecond*slowdown {
				t.Errorf("%v of CPU, want at most 5 ms", best)
			}
		})
	}
}

func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i, i)
	}
	return b.String()
}

func aliases(n int) string       { return many(n, "a%d:home{b%d:name} ") }
func manyFragments(n int) string { return many(n, " fragment F%d on Query{f%d:__typename}") }
func wrong(n int) string         { return many(n, "wrong%d_%d ") }

func manySets() string {
	return strings.Repeat("search(filter:{text:\"\"}){similar{similar{similar{key title art similar{key title art similar{key title art}}}}}} ", 20) +
		strings.Repeat("byGenre(genre:CRIME){titles{similar{similar{key title art similar{key title art}}}}} ", 20) +
		strings.Repeat("home{rows{name items{...on Card{key title art similar{key title art similar{key title art}}}}}} ", 20)
}

func manyOperations(n int) string { return many(n, "query Q%d{q%d:__typename} ") }

func conditions(n int) string {
	var vars, fields strings.Builder
	for i := range n {
		fmt.Fprintf(&vars, "$v%d:Boolean! ", i)
		fmt.Fprintf(&fields, "f%d:__typename @skip(if:$v%d) ", i, i)
	}
	return "query(" + vars.String() + "){" + fields.String() + "}"
}

// TestWorstLegal measures documents just inside the limits: they must not cost what the limits are there to prevent.
func TestWorstLegal(t *testing.T) {
	for name, query := range map[string]string{
		"repeats":    "{film(id:1){" + strings.Repeat(nested(5, "similar", "key title art"), 48) + "}}",
		"fragments":  spreads(48),
		"unions":     "{home{rows{items{" + strings.Repeat("...on Card{similar{key title}} ...on SeriesCard{key title} ...on Node{id} ", 10) + "}}}}",
		"wide":       "{" + aliases(50) + "}",
		"introspect": "{__schema{types{fields{type{fields{name args{name}}}}}}}",
	} {
		t.Run(name, func(t *testing.T) {
			h := serveWorld(films(t), nil)
			post(h, "{__typename}", nil)
			runtime.GC()
			before := cpu(t)
			rec := post(h, query, nil)
			used := cpu(t) - before
			if rec.Code != 200 {
				t.Fatalf("%d %s", rec.Code, rec.Body)
			}
			t.Logf("%d bytes: %d in %v of CPU, %d bytes answered", len(query), rec.Code, used, rec.Body.Len())
			if used > 60*time.Millisecond*slowdown {
				t.Errorf("%v of CPU", used)
			}
		})
	}
}

// spreads is a set of n fragments over the same fields, which are compared pair by pair.
func spreads(n int) string {
	var b, f strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "...F%d ", i)
		fmt.Fprintf(&f, " fragment F%d on Card{k%d:key similar{s%d:title}}", i, i/2, i/2)
	}
	return "{film(id:1){" + b.String() + "}}" + f.String()
}
