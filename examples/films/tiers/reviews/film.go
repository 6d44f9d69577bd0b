package reviews

import (
	"fmt"
	"math"

	"github.com/graph-gophers/graphql-go"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"facet/examples/films/data"
	"facet/examples/films/tiers/wire"
)

type film struct{ facts *data.Title }

type score struct {
	OutOf100 int32
	Votes    *int32
}

type quotes struct {
	Total int32
	List  []quote
}

type quote struct {
	By   string
	Text string
}

// ID is Film.id.
func (f *film) ID() graphql.ID { return graphql.ID(f.facts.ID) }

// Critics is Film.critics.
func (f *film) Critics() *score {
	if f.facts.RottenTomatoes == nil {
		return nil
	}
	return &score{OutOf100: int32(*f.facts.RottenTomatoes)} //nolint:gosec // 0 to 100
}

// Audience is Film.audience.
func (f *film) Audience() *score {
	if f.facts.IMDBRating == nil {
		return nil
	}
	s := &score{OutOf100: int32(math.Round(*f.facts.IMDBRating * 10))}
	if n := f.facts.IMDBVotes; n != nil {
		votes := int32(min(*n, math.MaxInt32)) //nolint:gosec // bounded
		s.Votes = &votes
	}
	return s
}

// Verdict is Film.verdict.
func (f *film) Verdict() *string {
	critics, audience := f.Critics(), f.Audience()
	if critics == nil || audience == nil {
		return nil
	}
	verdict := "MIXED"
	switch c, a := critics.OutOf100, audience.OutOf100; {
	case c >= 85 && a >= 75:
		verdict = "ACCLAIMED"
	case c <= 40 && a <= 60:
		verdict = "PANNED"
	case c >= a+20:
		verdict = "CRITICS_CHOICE"
	case a >= c+20:
		verdict = "CROWD_PLEASER"
	}
	return &verdict
}

// Quotes is Film.quotes.
func (f *film) Quotes(in struct{ First, Offset int32 }) (*quotes, error) {
	if in.First < 0 || in.Offset < 0 {
		return nil, refused(fmt.Errorf("first and offset are counts from 0"))
	}
	all := f.quotes()
	return &quotes{int32(len(all)), wire.Cut(all, int(in.Offset), int(in.First))}, nil //nolint:gosec // at most 3
}

var english = message.NewPrinter(language.English)

// quotes are the film's facts, each in a sentence.
func (f *film) quotes() []quote {
	var out []quote
	t := f.facts
	if t.RottenTomatoes != nil {
		out = append(out, quote{"CRITICS", english.Sprintf("%d%% of the critics liked it.", *t.RottenTomatoes)})
	}
	if t.IMDBRating != nil {
		text := english.Sprintf("%.1f of 10", *t.IMDBRating)
		if t.IMDBVotes != nil {
			text += english.Sprintf(" from %d people", *t.IMDBVotes)
		}
		out = append(out, quote{"AUDIENCE", text + "."})
	}
	if cost, made := t.BudgetUSD, t.WorldwideGrossUSD; cost != nil && made != nil && *cost > 0 {
		out = append(out, quote{"BOX_OFFICE", english.Sprintf("It made %.1f times what it cost.", float64(*made)/float64(*cost))})
	}
	return out
}
