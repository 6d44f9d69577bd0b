package main

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"facet/scripts/worker"
	"facet/storage/embedded"
)

var update = flag.Bool("update", false, "rewrite what the stories compare")

// The test binary is every program of the stories: edge itself, its store, and the tier that it runs.
func TestMain(m *testing.M) {
	if child, ok := embedded.FromEnv(os.Getenv); ok {
		os.Exit(embedded.Main(child, os.Stdin, os.Stdout, os.Stderr))
	}
	if worker.Started(os.Getenv) {
		os.Exit(worker.Main(os.Stderr))
	}
	testscript.Main(m, map[string]func(){"edge": main, "tier": tier})
}

// TestStories runs every story in testdata/script: whole programs, real processes.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setUp,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"shop":      shop,
			"dev":       dev,
			"said":      said,
			"get":       get,
			"asks":      asks,
			"post":      post,
			"replace":   replace,
			"exits":     exits,
			"interrupt": interrupt,
			"occupied":  occupied,
			"serves":    serves,
			"terminate": terminate,
			"orphan":    orphan,
		},
	})
}

func setUp(env *testscript.Env) error {
	env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
	env.Setenv("USER", "story")
	env.Values[runningKey{}] = &running{}
	return nil
}
