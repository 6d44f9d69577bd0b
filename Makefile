# Facet. `make help` lists the targets. Needed: Go >= 1.26, Node >= 20 with npm, make; `make race` also needs a C compiler.

GO        ?= go
FUZZTIME  ?= 10s
BENCH     ?= .
ONLY      ?=
GOLANGCI  := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
# The parts that live by concurrency: the race detector's slowness is spent on these. scripts/attack runs the edge as processes, without the detector.
RACE      ?= $(patsubst %,./%/...,$(wildcard scripts composer control asker storage tiers catalog notice serve))
# The packages whose tests take longest: they begin first, so that none of them runs alone at the end.
LONGEST    = ./cmd/edge ./scripts/attack ./loadtest/attack ./scripts

# Long tables that one goroutine goes through, in a process of their own or not, and the proof that TestIdentity can fail: they have no races to
# find, and the detector makes them ten times as long.
RACE_SKIP ?= ^(TestPublishGrowth|TestRegexAsNode|TestAgainstIntl|TestCountries|TestShorten|TestPlansAreBounded|TestRealm|TestHostileNatives|TestPublishBombs|TestMistakes|TestIdentityIsSeen|TestNothingIsReadTwice)$$

# Folders of tests that run npm packages: a private package.json below some testdata.
NPM_TESTS  = $(patsubst %/package.json,%,$(shell find . -path '*/testdata/*' -name package.json -not -path '*/node_modules/*' -exec grep -lE '"private": *true' {} +))
# Packages whose tests have golden files.
GOLDEN     = $(shell grep -rlE 'flag.Bool."update"' --include=*_test.go . | xargs -r -n1 dirname | sort -u)
# Fuzz targets, as folder:Name.
FUZZ       = $(shell grep -rhoE '^func Fuzz[A-Za-z0-9_]+' --include=*_test.go -H . | sed -E 's|/[^/]+_test\.go:func |:|' | sort)

.DEFAULT_GOAL := help
.PHONY: help run test check generate bench gobench budgets fuzz update race deps need-go need-node need-cc

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-8s %s\n", $$1, $$2 }'

run: need-go need-node ## the films world on :8080: tiers, store and edge in one process tree
	@echo "compiling; the first time takes some minutes" >&2
	@$(GO) build -o bin/ ./cmd/edge ./examples/films/cmd/tiers
	@bin/edge dev examples/films

test: need-go need-node deps ## go vet and all tests
	$(GO) build -o bin/ ./cmd/edge ./examples/films/cmd/tiers
	BUILT_PROGRAMS=$(CURDIR)/bin $(GO) test -vet=all $(LONGEST) ./...

check: need-go ## formatting, linters, the import table
	@bad=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$bad" ]; then echo "not formatted (run gofmt -w):"; echo "$$bad"; exit 1; fi
	$(GO) run $(GOLANGCI) run ./...
	$(GO) test ./internal/archtest

generate: need-go ## rewrite *.generated.go: the control API's server, of schema/ and gqlgen.yml
	$(GO) generate ./resolvers/...

bench: need-go ## the short table of what it costs, each figure with its bar, in some minutes; ONLY=REGEXP picks rows
	@$(GO) run ./loadtest/cmd/bench -only '$(ONLY)'

gobench: need-go ## all Go benchmarks; BENCH=Name picks some
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem ./...

budgets: need-go ## 100,000 random requests against random published budgets: 0 violations
	$(GO) test ./cmd/edge -run TestBudgetsAreKept -count 1 -v -timeout 60m -budget.requests 100000

fuzz: need-go ## every fuzz target for FUZZTIME (10s) each, as many side by side as there are cores
	@GO='$(GO)' .ci/fuzz $(FUZZTIME) $(FUZZ)

update: need-go need-node deps ## rewrite the golden files; read the difference before you commit it
	$(if $(GOLDEN),$(GO) test $(GOLDEN) -update,@echo "no test has golden files")

race: need-go need-cc ## the concurrent parts under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -vet=off -skip '$(RACE_SKIP)' $$($(GO) list $(RACE) | grep -v /attack)

deps: need-node
	@set -e; for d in $(NPM_TESTS); do \
		if [ ! -e "$$d/node_modules/.package-lock.json" ] || [ "$$d/package.json" -nt "$$d/node_modules/.package-lock.json" ]; then \
			echo "npm install in $$d"; (cd "$$d" && npm install --no-audit --no-fund --no-package-lock --loglevel=error && touch node_modules/.package-lock.json); \
		fi; \
	done

need-go:
	@v=$$($(GO) env GOVERSION 2>/dev/null | sed 's/^go//'); case "$$v" in \
		"") echo "Go is missing: install Go 1.26 or later, https://go.dev/dl"; exit 1 ;; \
		1.[0-9].*|1.[0-9]|1.1[0-9]*|1.2[0-5]*) echo "Go $$v is too old: install Go 1.26 or later, https://go.dev/dl"; exit 1 ;; esac

need-node:
	@v=$$(node --version 2>/dev/null | sed 's/^v//'); case "$$v" in \
		"") echo "Node is missing: install Node 20 or later, https://nodejs.org"; exit 1 ;; \
		[0-9].*|1[0-9].*) echo "Node $$v is too old: install Node 20 or later, https://nodejs.org"; exit 1 ;; esac
	@command -v npm >/dev/null || { echo "npm is missing: it comes with Node, https://nodejs.org"; exit 1; }

need-cc:
	@command -v $${CC:-cc} >/dev/null || command -v gcc >/dev/null || { echo "a C compiler is missing: the race detector needs one (apt-get install gcc libc6-dev)"; exit 1; }
