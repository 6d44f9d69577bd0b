package attack

import (
	"context"
	"fmt"
	"strings"
)

// Neighbour is the innocent package: a view of one call and one computed field.
func Neighbour() map[string][]byte {
	return map[string][]byte{
		"package.json": []byte(`{"name": "@good/films", "version": "1.0.0", "type": "module", "exports": "./src/index.ts", "edge": {"device": ["good"], "schema": "v1", "graph": "^1"}}`),
		"src/index.ts": []byte(`import { arg, computed, graph, view } from "@facet/sdk";

export const film = view({
  args: { id: arg.id() },
  build: ({ id }) => {
    const t = graph.title({ id });
    return { title: t.title, runs: computed.string({ m: t.minutes, tags: t.tags }, ({ m, tags }) => Math.floor(m / 60) + "h " + (m % 60) + "m " + tags.join("+")) };
  },
});
`),
	}
}

// FilmPath is where the neighbour's view is, by REST.
func FilmPath(id string) string { return "/good/v1/film?id=" + id }

// Film is the one right answer.
func Film(id string) string {
	return fmt.Sprintf(`{"data":{"title":%q,"runs":"2h 4m sea+shark"}}`, strings.ToUpper(id))
}

// Film asks for the neighbour's view.
func (i *Instance) Film(ctx context.Context, id string) (string, error) {
	body, err := get(ctx, i.URL+FilmPath(id))
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(body)), nil
}
