// Package attack is a corpus of hostile packages, each with what must become of it, and a fleet of real edges to let them loose on.
package attack

import (
	"embed"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

//go:embed testdata
var corpus embed.FS

// An Attack is a hostile package and what must become of it.
type Attack struct {
	Class string // "cpu", "memory", …: the folder
	Name  string
	About string // what it tries, for people

	// Allow are the kinds of outcome that are safe: "refused", "limit", "throws", "wrong", "harmless". The first word of Expect is one of them.
	Allow []string
	// Expect is the exact outcome: see Outcome.String.
	Expect string
	// Right is the value of the field bad that "harmless" means; "$me" in it is the viewer.
	Right string
	// Ask is how a run-time attack is asked: "page" (its view once), "viewers" (by two viewers in turn), "rows" (the same, and bad is a list), "list" or "object" (bad has fields), "handler".
	Ask string
	// Files are the package's, by path, package.json included; those of a second package, which looks at what the first left, are in Other.
	Files, Other map[string][]byte

	make    func() map[string][]byte // Files, of a bomb
	archive func() []byte            // in the place of Files: what no npm would pack
	file    string                   // of the corpus
}

// Device is the device that the attack's package is for.
func (a *Attack) Device() string { return "x-" + a.Class + "-" + a.Name }

// ID is "class/name".
func (a *Attack) ID() string { return a.Class + "/" + a.Name }

// Tarball is what is published.
func (a *Attack) Tarball() ([]byte, error) {
	if a.archive != nil {
		return a.archive(), nil
	}
	files := a.Files
	if a.make != nil {
		files = a.make()
		furnish(files, a.Device(), a.Class)
		// What packs to nothing is refused for that alone, and what is behind it would not be tried.
		noise := rand.NewChaCha8([32]byte{})
		pad := make([]byte, 96<<10)
		_, _ = noise.Read(pad) // it never fails
		files["pad.txt"] = pad
	}
	return tarball(files)
}

// All are the attacks, by class and name.
func All() ([]*Attack, error) {
	var all []*Attack
	err := fs.WalkDir(corpus, "testdata", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".txtar" {
			return err
		}
		text, err := corpus.ReadFile(name)
		if err != nil {
			return err
		}
		a, err := parse(name, text)
		if err != nil {
			return err
		}
		all = append(all, a)
		return nil
	})
	if err != nil {
		return nil, err
	}
	all = append(all, bombs()...)
	for _, a := range all {
		if a.Files != nil {
			furnish(a.Files, a.Device(), a.Class)
		}
		if a.Other != nil {
			furnish(a.Other, a.Device()+"-other", a.Class)
		}
	}
	slices.SortFunc(all, func(a, b *Attack) int { return strings.Compare(a.ID(), b.ID()) })
	return all, nil
}

// parse reads one file of the corpus. Its comment is lines of prose, then "key: value" lines.
func parse(name string, text []byte) (*Attack, error) {
	dir, base := path.Split(name)
	a := &Attack{Class: path.Base(dir), Name: strings.TrimSuffix(base, ".txtar"), Ask: "page", Files: map[string][]byte{}, file: name}
	ar := txtar.Parse(text)
	for line := range strings.Lines(string(ar.Comment)) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		switch {
		case ok && key == "allow":
			a.Allow = strings.Fields(value)
		case ok && key == "expect":
			a.Expect = value
		case ok && key == "right":
			a.Right = value
		case ok && key == "ask":
			a.Ask = value
		default:
			a.About += line
		}
	}
	if len(a.Allow) == 0 || len(ar.Files) == 0 || strings.TrimSpace(a.About) == "" {
		return nil, fmt.Errorf("%s: it says not what it tries, what is allowed to become of it, or has no files", name)
	}
	for _, f := range ar.Files {
		if rest, ok := strings.CutPrefix(f.Name, "other/"); ok {
			if a.Other == nil {
				a.Other = map[string][]byte{}
			}
			a.Other[rest] = f.Data
			continue
		}
		a.Files[f.Name] = f.Data
	}
	return a, nil
}

// furnish adds what the corpus's files leave out because it is the same in nearly all: the manifest, and a view around one hostile function.
func furnish(files map[string][]byte, device, class string) {
	if files["package.json"] == nil {
		files["package.json"] = fmt.Appendf(nil, `{"name": "@attack/%s", "version": "1.0.0", "type": "module", "exports": "./src/index.ts", "edge": {"device": [%q], "schema": "v1", "graph": "^1"}}`, device, device)
	}
	if files["src/index.ts"] == nil {
		files["src/index.ts"] = []byte(page)
		if class == "handler" {
			files["src/index.ts"] = []byte(handlerPage)
		}
	}
}

// handlerPage is a handler that is hostile, with what it may load and count.
const handlerPage = `import { arg, computed, counter, graph, handler, object, view } from "@facet/sdk";
import { attack } from "./attack";

const Out = object("AttackOut", { bad: "String" });
counter("hits", { labels: { how: ["a", "b"] } });
export const go = handler({
  args: {},
  loads: { title: view({ args: { id: arg.id() }, build: ({ id }) => ({ title: graph.title({ id }).title }) }) },
  returns: Out,
  run: attack,
});
export const screen = view({
  build: () => {
    const t = graph.title({ id: "jaws" });
    return { title: t.title, good: computed.string({ title: t.title }, ({ title }) => title + "!") };
  },
});
`

// page is a view whose field bad is hostile; its neighbours must stay right.
const page = `import { computed, graph, view } from "@facet/sdk";
import { attack } from "./attack";

export const screen = view({
  build: (_args, { viewer }) => {
    const t = graph.title({ id: "jaws" });
    return {
      title: t.title,
      bad: computed.string({ title: t.title, minutes: t.minutes, me: viewer.id, tags: t.tags }, attack),
      good: computed.string({ title: t.title }, ({ title }) => title + "!"),
    };
  },
});
`
