// Package packages makes workspaces of many device packages over the films graph, and measures how soon a saved file is served.
package packages

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A World is a workspace of device packages that all import one module.
type World struct {
	Dir      string // where it is written
	Graph    string // the films graph: an SDL file that is copied
	Packages int    // device packages; package i serves the device "d<i>", schema v1

	Env   map[string]string // where the graph's tiers are
	Tiers [][]string        // programs that announce where they are, by command; may be empty
}

// Write makes the workspace.
func (w *World) Write() error {
	sdl, err := os.ReadFile(w.Graph)
	if err != nil {
		return err
	}
	type program struct {
		Command []string `json:"command"`
	}
	programs := []program{}
	for _, t := range w.Tiers {
		programs = append(programs, program{t})
	}
	files := map[string]any{
		"graph.graphqls": string(sdl),
		"edge.json": map[string]any{
			"graph": "graph.graphqls", "packages": []string{"packages/*"}, "env": w.Env, "tiers": programs,
			"viewer": map[string]string{"id": "demo", "profile": "demo"},
		},
		"package.json":                 map[string]any{"name": "many", "private": true, "workspaces": []string{"packages/*"}},
		"packages/badges/package.json": manifest("@shared/badges", map[string]any{"graph": "^1"}),
		"packages/badges/src/index.ts": module("first"),
	}
	for i := range w.Packages {
		m := manifest("@many/"+Device(i), map[string]any{
			"device": []string{Device(i)}, "schema": "v1", "graph": "^1", "bindings": map[string]string{"@shared/badges": "live"},
		})
		m["dependencies"] = map[string]string{"@shared/badges": "^1.0.0"}
		files["packages/"+Device(i)+"/package.json"] = m
		files["packages/"+Device(i)+"/src/index.ts"] = index
		files["packages/"+Device(i)+"/src/card.ts"] = card
		files["packages/"+Device(i)+"/src/mark.ts"] = marked("first")
	}
	for name, content := range files {
		text, ok := content.(string)
		if !ok {
			b, err := json.MarshalIndent(content, "", "  ")
			if err != nil {
				return err
			}
			text = string(b) + "\n"
		}
		if err := w.save(name, text); err != nil {
			return err
		}
	}
	return nil
}

// Device is the device that package i is for.
func Device(i int) string { return fmt.Sprintf("d%03d", i) }

// SavePackage changes what package i answers as "mark".
func (w *World) SavePackage(i int, mark string) error {
	return w.save(filepath.Join("packages", Device(i), "src", "mark.ts"), marked(mark))
}

// SaveModule changes what every package answers as "shared".
func (w *World) SaveModule(mark string) error {
	return w.save("packages/badges/src/index.ts", module(mark))
}

// SaveMistake saves package i with a mistake that its diagnostics name by the field.
func (w *World) SaveMistake(i int, field string) error {
	return w.save(filepath.Join("packages", Device(i), "src", "mark.ts"), strings.ReplaceAll(mistake, "FIELD", field))
}

func (w *World) save(name, text string) error {
	at := filepath.Join(w.Dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	return os.WriteFile(at, []byte(text), 0o644)
}

func manifest(name string, edge map[string]any) map[string]any {
	return map[string]any{"name": name, "version": "1.0.0", "type": "module", "exports": "./src/index.ts", "files": []string{"src"}, "edge": edge}
}

func marked(mark string) string { return strings.ReplaceAll(markSource, "MARK", mark) }

func module(mark string) string { return strings.ReplaceAll(moduleSource, "MARK", mark) }

const moduleSource = `import { computed, type Value } from "@facet/sdk";

/** What a film's badge says. */
export const badge = (t: { source: Value<string> }) =>
  computed.string({ source: t.source }, ({ source }) => (source === "Original Screenplay" ? "ORIGINAL" : null));

export const shared = () => computed.string({}, () => "MARK");
`

const markSource = `import { computed, view } from "@facet/sdk";
import { shared } from "@shared/badges";

/** Which save this is. */
export const saved = view({ build: () => ({ mark: computed.string({}, () => "MARK"), shared: shared() }) });
`

const mistake = `import { arg, graph, view } from "@facet/sdk";

export const saved = view({ args: { id: arg.id() }, build: ({ id }) => ({ mark: (graph.title({ id }) as any).FIELD }) });
`

const card = `import { computed, graph, object, oneOf, shape } from "@facet/sdk";
import { badge } from "@shared/badges";

export const Progress = object("Progress", { minutesLeft: "Int", state: oneOf("WatchState", ["NEW", "STARTED", "DONE"]) });

/** A film as it stands in a row. */
export const Card = shape("Card", graph.Title, (t, { viewer, device, self }) => {
  const mark = t.bookmark({ profile: viewer.profile.id }).orNull({ within: "30ms" });
  return {
    title: t.title,
    art: t.artwork({ width: device.form.pick({ tv: 342, phone: 160, default: 240 }) }).url,
    badge: badge(t),
    progress: computed.object(
      Progress,
      { runtime: t.runtimeMinutes, at: mark.positionSeconds },
      ({ runtime, at }) =>
        at == null ? { minutesLeft: runtime, state: "NEW" }
        : runtime == null ? { minutesLeft: null, state: "STARTED" }
        : { minutesLeft: Math.max(0, runtime - Math.floor(at / 60)), state: at >= runtime * 57 ? "DONE" : "STARTED" },
    ),
    similar: t.similar.page({ first: 6 }).map(self),
  };
});

export const SeriesCard = shape("SeriesCard", graph.Series, (s) => ({ title: s.title, seasons: s.seasonCount }));
`

const index = `import { arg, graph, match, view } from "@facet/sdk";
import { Card, SeriesCard } from "./card";

export { Card, Progress, SeriesCard } from "./card";
export { saved } from "./mark";

/** The first screen. */
export const home = view({
  cache: { maxAge: "30s", scope: "viewer" },
  build: (_args, { viewer }) => {
    const p = graph.profile({ id: viewer.profile.id }).orNotFound();
    return {
      name: p.name,
      recent: p.recentSearches.take(3),
      rows: p.rows.page({ first: 20, max: 40 }).map((row) => ({
        name: row.name,
        items: row.items.page({ first: 20, max: 75 }).map((x) => match("RowItem", x, { Title: Card, Series: SeriesCard })),
      })),
    };
  },
});

export const film = view({ args: { id: arg.id() }, build: ({ id }) => Card(graph.title({ id })) });

export const warmup = [home.with({}), film.with({ id: "jaws-1975" })];
`
