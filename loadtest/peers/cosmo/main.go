// Command peer-cosmo is WunderGraph's Cosmo Router, compiled from the module proxy at the version in go.mod, and its composition.
package main

import (
	"fmt"
	"os"

	"github.com/wundergraph/cosmo/composition-go"
	"github.com/wundergraph/cosmo/router/cmd"
)

func main() {
	if len(os.Args) < 2 || os.Args[1] != "compose" {
		cmd.Main()
		return
	}
	if err := compose(os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "peer-cosmo:", err)
		os.Exit(1)
	}
}

// compose writes the router's execution configuration: <to> <name> <file> <url> …, three arguments for each subgraph.
func compose(args []string) error {
	if len(args) < 4 {
		return fmt.Errorf("compose <to> <name> <file> <url> …")
	}
	var graphs []*composition.Subgraph
	for rest := args[1:]; len(rest) >= 3; rest = rest[3:] {
		sdl, err := os.ReadFile(rest[1])
		if err != nil {
			return err
		}
		graphs = append(graphs, &composition.Subgraph{Name: rest[0], URL: rest[2], Schema: string(sdl)})
	}
	config, err := composition.BuildRouterConfiguration(graphs...)
	if err != nil {
		return err
	}
	return os.WriteFile(args[0], []byte(config), 0o644)
}
