package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"facet/fault"
)

//go:embed all:template
var template embed.FS

func newInit(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "init DIR",
		Short: "Make a workspace to start from",
		Long: `Make a folder with a graph, a small backend, one device package with a test, and what 'edge dev' needs to run them.
Nothing that exists is overwritten.`,
		Example: `  edge init shop && edge dev shop`,
		Args:    takes(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			files, err := initWorkspace(args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(s.Out, "%s made with %d files. Next:\n  edge dev %s\n", args[0], files, args[0])
			return nil
		},
	}
}

// initWorkspace writes the template below dir and says how many files it wrote. If any of them exists it writes none.
func initWorkspace(dir string) (int, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(template, "template", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := template.ReadFile(name)
		files[strings.TrimPrefix(name, "template/")] = b
		return err
	})
	if err != nil {
		return 0, err
	}
	for name := range files {
		if _, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(name))); !errors.Is(err, fs.ErrNotExist) {
			return 0, fault.New(fault.Conflict, "%s exists in %s already", name, dir).WithHint("choose a new folder")
		}
	}
	for name, b := range files {
		at := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(path.Dir(name))), 0o755); err != nil {
			return 0, err
		}
		if err := os.WriteFile(at, b, 0o644); err != nil {
			return 0, err
		}
	}
	return len(files), nil
}
