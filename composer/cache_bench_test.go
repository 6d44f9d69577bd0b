package composer

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/graph"
	"facet/tiers"
	"facet/tiers/cache"
)

// still answers every call with the same bytes.
type still struct{ answer tiers.Answer }

func (s *still) Call(context.Context, *tiers.Call) (*tiers.Answer, error) { return &s.answer, nil }

const benchGraph = `
extend schema @source(name: "catalog", http: { baseURL: "http://c", headers: [{ name: "Accept-Language", from: "Accept-Language" }] }%s)
type Query {
  title(id: ID!): Title
  news: String @connect(source: "catalog", http: { GET: "/news" }, selection: "$.news")
}
type Title @key(fields: "id") @connect(source: "catalog", http: { POST: "/t", body: "ids: $batch.id" }, selection: "$.titles { id name }") { id: ID! name: String }`

func benchLoaders(b testing.TB, policy string, rows int) (l *Loaders, batch, whole *tiers.Call) {
	g, ds := graph.Parse("bench.graphqls", []byte(fmt.Sprintf(benchGraph, policy)))
	if ds.Failed() {
		b.Fatal(ds)
	}
	body, keys := []byte(`{"titles":[`), []json.RawMessage{}
	for i := range rows {
		if i > 0 {
			body = append(body, ',')
		}
		id := fmt.Sprintf("title-of-usual-length-%d", i)
		body = fmt.Appendf(body, `{"id":%q,"name":"A film of some name, %d","overview":"%0180d"}`, id, i, i)
		keys = append(keys, json.RawMessage(fmt.Sprintf("%q", id)))
	}
	body = append(body, "]}"...)
	batch, whole = &tiers.Call{Operation: g.Operations[0]}, &tiers.Call{Operation: g.Operations[1]}
	if !g.Operations[0].Batch {
		batch, whole = whole, batch
	}
	batch.Needs = [][]json.RawMessage{keys}
	c := cache.New(cache.Settings{Bytes: 64 << 20})
	b.Cleanup(c.Close)
	tier := &still{tiers.Answer{Body: body}}
	return NewSharing(g, TiersBySource{"catalog": tier}, Sharing{Cache: c}), batch, whole
}

// fill makes a call and keeps what it brings.
func fill(b testing.TB, l *Loaders, c *tiers.Call, cells []cell) {
	a, h, err := l.call(context.Background(), c, manner{tenant: "tv"})
	if err != nil || h == nil {
		b.Fatal(err)
	}
	h.reap(a, cells)
}

// cellsOf are what a program would read of rows: a list of objects.
func cellsOf(rows int) []cell {
	cells := make([]cell, rootWidth+2*rows)
	for i := range rows {
		cells[rootWidth+i] = cell{kind: kText}
		cells[rootWidth+rows+i] = cell{kind: kObject, off: uint32(rootWidth + i)}
	}
	cells[rootValue] = cell{kind: kList, off: uint32(rootWidth + rows), n: uint32(rows)}
	return cells
}

// BenchmarkCacheHit is a call that is answered from what is kept: a batch of so many rows, and a whole answer.
func BenchmarkCacheHit(b *testing.B) {
	run := func(b *testing.B, l *Loaders, c *tiers.Call, cells []cell) {
		fill(b, l, c, cells)
		ctx := context.Background()
		b.ReportAllocs()
		b.ResetTimer()
		for b.Loop() {
			a, h, err := l.call(ctx, c, manner{tenant: "tv"})
			if err != nil || !h.spare {
				b.Fatal("not kept", err)
			}
			h.reap(a, cells)
			if a.Release != nil {
				a.Release()
			}
		}
	}
	for _, rows := range []int{1, 20, 400} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			l, batch, _ := benchLoaders(b, `, cache: { maxAge: "1h" }`, rows)
			run(b, l, batch, cellsOf(rows))
		})
	}
	b.Run("whole", func(b *testing.B) {
		l, _, whole := benchLoaders(b, `, cache: { maxAge: "1h" }`, 400)
		run(b, l, whole, []cell{{kind: kText}, {}, {}})
	})
}

// BenchmarkCacheOff is a call through Loaders of which nothing is kept, and the same call without a cache at all.
func BenchmarkCacheOff(b *testing.B) {
	for _, with := range []bool{false, true} {
		b.Run(fmt.Sprintf("cache=%v", with), func(b *testing.B) {
			l, batch, _ := benchLoaders(b, "", 20)
			if !with {
				l.cache, l.kept = nil, nil
			}
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if _, h, err := l.call(ctx, batch, manner{tenant: "tv"}); err != nil || h != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestInTurn: tenants take turns in the order of calls, each in its own order.
func TestInTurn(t *testing.T) {
	var blocks []*block
	place := map[*block]int{}
	for i, tenant := range "aaaabaca" {
		b := &block{tenant: string(tenant)}
		blocks, place[b] = append(blocks, b), i
	}
	inTurn(blocks)
	var places []int
	for _, b := range blocks {
		places = append(places, place[b])
	}
	if d := cmp.Diff([]int{0, 4, 6, 1, 2, 3, 5, 7}, places); d != "" {
		t.Error(d)
	}
}
