package chaos

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"facet/loadtest/load"
)

// Packages is how many packages one route mounts. Each release moves all of them at once.
const Packages = 5

// A world is the source of the packages. Every view says which round its package is of: its mark.
type world struct{ dir string }

const graphSource = `extend schema
  @link(url: "https://specs.apollo.dev/connect/v0.4", import: ["@source", "@connect"])
  @source(name: "items", http: { baseURL: "{$env.ITEMS_URL}" }, timeout: "2s")

type Query {
  item(id: ID!): Item
}

type Item @key(fields: "id") @connect(source: "items", http: { GET: "/items/{$this.id}" }, selection: "id name") {
  id: ID!
  name: String!
}
`

const packageSource = `import { computed, graph, view } from "@facet/sdk";

export const pN = view({ build: () => ({ mark: computed.string({}, () => "MARK"), name: graph.item({ id: "N" }).name }) });
export const warmup = [pN.with({})];
`

// mark is the text that every package of a round answers.
func mark(round int) string { return fmt.Sprintf("m%05d", round) }

func (w *world) graph() string { return filepath.Join(w.dir, "graph.graphqls") }

// write makes the packages of a round and returns their folders.
func (w *world) write(round int) ([]string, error) {
	if err := save(w.graph(), graphSource); err != nil {
		return nil, err
	}
	if err := save(filepath.Join(w.dir, "edge.json"), `{ "graph": "graph.graphqls", "packages": ["packages/*"] }`); err != nil {
		return nil, err
	}
	var dirs []string
	for i := range Packages {
		dir := filepath.Join(w.dir, "packages", fmt.Sprintf("p%d", i))
		manifest, err := json.Marshal(map[string]any{
			"name": fmt.Sprintf("@chaos/p%d", i), "version": fmt.Sprintf("1.0.%d", round), "type": "module", "exports": "./src/index.ts",
			"edge": map[string]any{"device": []string{"box"}, "schema": "v1", "graph": "^1"},
		})
		if err != nil {
			return nil, err
		}
		if err := save(filepath.Join(dir, "package.json"), string(manifest)); err != nil {
			return nil, err
		}
		source := strings.NewReplacer("pN", fmt.Sprintf("p%d", i), `"N"`, fmt.Sprintf(`"%d"`, i), "MARK", mark(round)).Replace(packageSource)
		if err := save(filepath.Join(dir, "src", "index.ts"), source); err != nil {
			return nil, err
		}
		dirs = append(dirs, dir)
	}
	return dirs, nil
}

func save(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(text), 0o644)
}

// items is the tier of the world.
func items() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"id": r.PathValue("id"), "name": "Item " + r.PathValue("id")}) // who asked may be gone
	})
	return mux
}

// rows are the devices' requests: three protocols, some over all packages of the route.
func rows() []load.Row {
	query, paths := "{", []any{}
	for i := range Packages {
		query += fmt.Sprintf(" p%d { mark name }", i)
		paths = append(paths, []any{fmt.Sprintf("p%d", i), []string{"mark", "name"}})
	}
	body, _ := json.Marshal(map[string]string{"query": query + " }"})
	get, _ := json.Marshal(paths)
	return []load.Row{
		{Name: "graphql", Weight: 2, Path: "/box/v1/graphql", Body: body},
		{Name: "rest", Weight: 1, Path: "/box/v1/p3"},
		{Name: "json graph", Weight: 1, Path: "/box/v1/model.json", Method: http.MethodPost,
			Headers: map[string]string{"Content-Type": "application/x-www-form-urlencoded", "X-Requested-With": "chaos"},
			Body:    json.RawMessage("method=get&paths=" + url.QueryEscape(string(get)))},
	}
}

var markForm = regexp.MustCompile(`m\d{5}`)

// A checker holds answers against what was released: the digest of an answer must be one that some single release gives.
type checker struct {
	mu        sync.Mutex
	templates map[string]string          // by row: an answer with "MARK" for its mark
	digests   map[string]map[string]bool // by row: of the answers of every round that was tried
	rounds    int
	mixed     int
	answers   map[string]int // by mark
}

func newChecker() *checker {
	return &checker{templates: map[string]string{}, digests: map[string]map[string]bool{}, answers: map[string]int{}}
}

// learn takes the answers of the first release, where nothing can be mixed.
func (c *checker) learn(row string, body []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(markForm.FindAll(body, -1)) == 0 || strings.Contains(string(body), `"errors"`) {
		return fmt.Errorf("%s: the first answer is %s", row, body)
	}
	c.templates[row] = markForm.ReplaceAllString(string(body), "MARK")
	c.digests[row] = map[string]bool{}
	return nil
}

// tried says that a round may be served from now on.
func (c *checker) tried(round int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rounds = max(c.rounds, round)
	for row, t := range c.templates {
		c.digests[row][digest([]byte(strings.ReplaceAll(t, "MARK", mark(round))))] = true
	}
}

// check is a failure for an answer that no single release gives.
func (c *checker) check(a *load.Answer) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.digests[a.Row.Name][digest(a.Body)] {
		c.answers[string(markForm.Find(a.Body))]++
		return nil
	}
	marks := map[string]bool{}
	for _, m := range markForm.FindAll(a.Body, -1) {
		marks[string(m)] = true
	}
	if len(marks) > 1 {
		c.mixed++
		return fmt.Errorf("an answer of %d releases", len(marks))
	}
	return fmt.Errorf("an answer that no release gives: %.200s", a.Body)
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return string(sum[:])
}
