package data

// Esteem is how well a film is rated, 0 to 10: its rating drawn towards the middle as long as few people voted,
// so that nine friends of the director do not outvote a public.
func Esteem(t *Title) float64 {
	if t.IMDBRating == nil || t.IMDBVotes == nil {
		return 0
	}
	const middle, enough = 6.0, 5_000.0
	votes := float64(*t.IMDBVotes)
	return (*t.IMDBRating*votes + middle*enough) / (votes + enough)
}
