package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"facet/scripts"
)

func newTypes(s Streams) *cobra.Command {
	var out string
	var verify bool
	c := &cobra.Command{
		Use:   "types [DIR]",
		Short: "Write the graph's types for the editor",
		Long: `Write the workspace's graph as TypeScript declarations for "@facet/sdk", so that editors complete fields and
'tsc --strict' flags what recording would refuse. Run it again after the graph changed.`,
		Example: `  edge types
  edge types examples/films --out -
  edge types --verify          exit 1 if the file is not up to date, for CI`,
		Args: takes(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			w, err := openWorkspace(dir)
			if err != nil {
				return err
			}
			g, ds, err := w.loadGraph()
			if err != nil {
				return err
			}
			if ds.Failed() {
				for _, d := range ds {
					fmt.Fprintln(s.Err, d)
				}
				return errFailed
			}
			text := scripts.Declare(g)
			if out == "-" {
				_, err := s.Out.Write(text)
				return err
			}
			name := out
			if name == "" {
				name = filepath.Join(w.Dir, "graph.d.ts")
			}
			if verify {
				have, err := os.ReadFile(name)
				if err != nil || !bytes.Equal(have, text) {
					fmt.Fprintf(s.Err, "%s is not what the graph says: run edge types %s\n", w.show(name), dir)
					return errFailed
				}
				return nil
			}
			if err := os.WriteFile(name, text, 0o644); err != nil {
				return err
			}
			fmt.Fprintf(s.Out, "%s written: %s\n", w.show(name), count(len(g.Order), "type"))
			return nil
		},
	}
	c.Flags().StringVarP(&out, "out", "o", "", "file to write (default graph.d.ts in the workspace; - for standard output)")
	c.Flags().BoolVar(&verify, "verify", false, "only compare")
	return c
}
