package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"facet/fault"
	"facet/storage/embedded"
)

func newStore(s Streams) *cobra.Command {
	cfg := embedded.Config{Addr: "127.0.0.1:7480", AccessKey: "facet"}
	c := &cobra.Command{
		Use:   "store",
		Short: "Run the embedded object store: an S3 server over a folder",
		Long: `Run an S3 server over a local folder, for development and for a single machine.
Where an environment outgrows that, point the edge at any S3-compatible store instead.

The secret key is read from FACET_STORE_SECRET, so that it stands in no process list.`,
		Example: `  FACET_STORE_SECRET=… edge store --dir ./objects
  edge dev DIR                 starts one of its own`,
		Args: takes(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if child, ok := embedded.FromEnv(os.Getenv); ok { // started by embedded.Start
				if code := embedded.Main(child, s.In, s.Out, s.Err); code != 0 {
					return errFailed
				}
				return nil
			}
			cfg.SecretKey = os.Getenv("FACET_STORE_SECRET")
			if cfg.Dir == "" || cfg.SecretKey == "" {
				return usageError{fault.New(fault.Invalid, "edge store needs --dir and the FACET_STORE_SECRET variable")}
			}
			return runStore(c.Context(), s, cfg)
		},
	}
	c.Flags().StringVar(&cfg.Dir, "dir", "", "folder of the objects; made if missing")
	c.Flags().StringVar(&cfg.Addr, "listen", cfg.Addr, "address to listen on")
	c.Flags().StringVar(&cfg.AccessKey, "access-key", cfg.AccessKey, "the access key of its one account")
	return c
}

func runStore(ctx context.Context, s Streams, cfg embedded.Config) error {
	cfg.Ready = func(endpoint string) { fmt.Fprintln(s.Out, "the store is ready at", endpoint) }
	return embedded.Run(ctx, cfg)
}
