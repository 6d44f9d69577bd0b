package bench

// Sources are the commands behind the short table; together they take a few minutes on two cores.
func Sources() []Source {
	test := func(name, pkg, run string, more ...string) Source {
		return Source{name, append([]string{"go", "test", pkg, "-run", run, "-count", "1", "-v"}, more...)}
	}
	bench := func(name, pkg, which string, more ...string) Source {
		return Source{name, append([]string{"go", "test", pkg, "-run", "^$", "-bench", which, "-benchmem"}, more...)}
	}
	return []Source{
		{"page", []string{"{contest}", "run", "-edge", "{edge}", "-parts", "page", "-rounds", "5", "-requests", "200", "-json"}},
		{"film", []string{"{contest}", "run", "-edge", "{edge}", "-parts", "film", "-rounds", "5", "-requests", "200", "-json"}},
		{"low", []string{"{contest}", "run", "-edge", "{edge}", "-parts", "low", "-json"}},
		{"tail", []string{"{contest}", "run", "-edge", "{edge}", "-parts", "tail", "-json"}},
		{"industry", []string{"{industry}", "-edge", "{edge}", "-requests", "500", "-json"}},
		{"stranger", []string{"{industry}", "-edge", "{edge}", "-requests", "0", "-stranger", "-json"}},
		test("allocations", "./internal/edgetest", "^TestContestAllocations$"),
		test("large", "./internal/edgetest", "^TestLargeAnswers$", "-wire.pairs", "9"),
		test("functions", "./scripts", "^TestPlainCoverage$"),
		bench("cards", "./scripts", "^BenchmarkCards$/^go$"),
	}
}

// Rows are the figures of the short table, in its order.
func Rows() []Row {
	const contest = "go build -o bin/ ./cmd/edge ./loadtest/cmd/contest && bin/contest run -edge bin/edge -rounds 9 -requests 600 -parts "
	const industry = "go build -o bin/edge ./cmd/edge && go run ./loadtest/cmd/industry -requests 2000"
	return []Row{
		{Name: "contest page, CPU over encoding/json by hand", Bar: 0.30, From: "page", Read: JSON("page.1.edgeOverThisMedian"), Long: contest + "page"},
		{Name: "contest page, CPU over spliced by hand", Bar: 1.3, From: "page", Read: JSON("page.2.edgeOverThisMedian"), Long: contest + "page"},
		{Name: "one film, CPU over encoding/json by hand", Bar: 1.3, From: "film", Read: JSON("film.1.edgeOverThisMedian"), Long: contest + "film"},
		{Name: "p50 at 40 requests/s, 5 ms tiers, minus spliced by hand", Bar: 1, Unit: "ms", From: "low", Read: Minus(JSON("low.0.p50Ms"), JSON("low.2.p50Ms")), Long: contest + "low"},
		{Name: "p99 over p50 at 70 % of saturation, 5 ms tiers", Bar: 3, From: "tail", Read: Over(JSON("tail.0.p99Ms"), JSON("tail.0.p50Ms")), Long: contest + "tail"},
		{Name: "allocations of a page over tiers/fake", Bar: 400, From: "allocations", Read: Line(`([\d,.]+) allocations a page over tiers/fake`)},
		{Name: "allocations of a page over HTTP", Bar: 1200, From: "allocations", Read: Line(`([\d,.]+) allocations a page over HTTP`)},
		{Name: "40 cards x 2 computed fields", Bar: 15, Unit: "us", From: "cards", Read: Benchmark("BenchmarkCards/go", "thread-ns/op"), Scaled: 1e-3},
		{Name: "computed functions of the examples that run in Go", Bar: 0.9, Least: true, From: "functions", Read: Over(Line(`examples: (\d+) of`), Line(`examples: \d+ of (\d+)`))},
		{Name: "computed functions of a corpus that run in Go", Bar: 0.9, Least: true, From: "functions", Read: Over(Line(`corpus: (\d+) of`), Line(`corpus: \d+ of (\d+)`))},
		{Name: "industry query, tier calls", Bar: 5, Exact: true, From: "industry", Read: JSON("tierCalls"), Long: industry},
		{Name: "industry query, levels", Bar: 2, Exact: true, From: "industry", Read: JSON("levels"), Long: industry},
		{Name: "industry query, median with 4 ms a call", Bar: 10, Unit: "ms", From: "industry", Read: JSON("p50"), Long: industry},
		{Name: "industry query, JSON Graph's share of the bytes", Bar: 0.25, From: "industry", Read: JSON("share"), Long: industry},
		{Name: "industry query with a stranger, tier calls", Bar: 8, Exact: true, From: "stranger", Read: JSON("tierCalls"), Long: industry + " -stranger"},
		{Name: "industry query with a stranger, levels", Bar: 4, Exact: true, From: "stranger", Read: JSON("levels"), Long: industry + " -stranger"},
		{Name: "8 MiB answer, time over a proxy's", Bar: 2.2, From: "large", Read: Line(`every value, .* ratios ([\d.]+)`), Long: "go test ./internal/edgetest -run '^TestLargeAnswers$' -v -wire.pairs 25"},
		{Name: "8 MiB of unread JSON, time over a proxy's", Bar: 1.3, From: "large", Read: Line(`a JSON scalar, .* ratios ([\d.]+)`), Long: "go test ./internal/edgetest -run '^TestLargeAnswers$' -v -wire.pairs 25"},
	}
}
