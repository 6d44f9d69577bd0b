package home

// What the tiers answer.
type (
	shelf struct {
		Rows []struct {
			Name  string `json:"name"`
			Items []item `json:"items"`
		} `json:"rows"`
	}
	item struct {
		Type string `json:"type"` // "title" or "series"
		ID   string `json:"id"`
	}
	title struct {
		ID             string  `json:"id"`
		Title          string  `json:"title"`
		RuntimeMinutes *int    `json:"runtimeMinutes"`
		Source         *string `json:"source"`
	}
	saga struct {
		ID          string `json:"id"`
		Title       string `json:"title"`
		SeasonCount int    `json:"seasonCount"`
	}
	mark struct {
		Title           string `json:"title"`
		PositionSeconds int    `json:"positionSeconds"`
	}
	review struct {
		ID      string `json:"id"`
		Critics *struct {
			OutOf100 int `json:"outOf100"`
		} `json:"critics"`
	}
)

const reviewsQuery = `query($ids:[ID!]!){films(ids:$ids){id critics{outOf100}}}`

// What the page shows.
type (
	page struct {
		Data struct {
			Home homePage `json:"home"`
		} `json:"data"`
	}
	homePage struct {
		Name   string    `json:"name"`
		Recent []string  `json:"recent"`
		Rows   []pageRow `json:"rows"`
	}
	pageRow struct {
		Name  string `json:"name"`
		Items []any  `json:"items"` // *card or *seriesCard
	}
	card struct {
		Type     string   `json:"__typename"`
		ID       string   `json:"id"`
		Title    string   `json:"title"`
		Art      *string  `json:"art"`
		Badge    *string  `json:"badge"`
		Score    *int     `json:"score"`
		Position *int     `json:"position"`
		Progress progress `json:"progress"`
	}
	progress struct {
		MinutesLeft *int   `json:"minutesLeft"`
		State       string `json:"state"`
	}
	seriesCard struct {
		Type    string `json:"__typename"`
		ID      string `json:"id"`
		Title   string `json:"title"`
		Seasons int    `json:"seasons"`
	}
)

// known is what the tiers said of the page's films and series, by id.
type known struct {
	cards  map[string]*card
	series map[string]*seriesCard
}

// card is what stands for an item; nil if the catalog knows nothing of it.
func (k *known) card(it item) any {
	if it.Type == "series" {
		if c := k.series[it.ID]; c != nil {
			return c
		}
		return nil
	}
	if c := k.cards[it.ID]; c != nil {
		return c
	}
	return nil
}

var original = "ORIGINAL"

// badge is "ORIGINAL" for a film that was written for the screen.
func badge(source *string) *string {
	if source != nil && *source == originalFrom {
		return &original
	}
	return nil
}

// progressOf is how much of a film is left; both are null where they are not known.
func progressOf(runtime, at *int) progress {
	switch {
	case at == nil:
		return progress{MinutesLeft: runtime, State: "NEW"}
	case runtime == nil:
		return progress{State: "STARTED"}
	}
	left := max(0, *runtime-*at/60)
	p := progress{MinutesLeft: &left, State: "STARTED"}
	if *at >= *runtime*57 {
		p.State = "DONE"
	}
	return p
}
