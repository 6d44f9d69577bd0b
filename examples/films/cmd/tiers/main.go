// Command tiers runs the backends of the films world, each on a port of its own, and prints their addresses as NAME_URL=… lines, then "ready".
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if os.Getenv("FACET_TIER") != "" { // a child of `edge dev`: it ends with its parent, however that ends
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin) // an error is an end too
			stop()
		}()
	}
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "tiers:", err)
		os.Exit(1)
	}
}
