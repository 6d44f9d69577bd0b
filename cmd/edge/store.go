package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"facet/fault"
	"facet/storage/embedded"
	"facet/storage/s3"
)

func newStore(s Streams) *cobra.Command {
	cfg := embedded.Config{Addr: "127.0.0.1:7480", AccessKey: "facet"}
	bucket := ""
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
			return runStore(c.Context(), s, cfg, bucket)
		},
	}
	c.Flags().StringVar(&cfg.Dir, "dir", "", "folder of the objects; made if missing")
	c.Flags().StringVar(&cfg.Addr, "listen", cfg.Addr, "address to listen on")
	c.Flags().StringVar(&bucket, "bucket", "facet", "bucket that is made if it is not there; \"\" makes none")
	c.Flags().StringVar(&cfg.AccessKey, "access-key", cfg.AccessKey, "the access key of its one account")
	return c
}

func runStore(ctx context.Context, s Streams, cfg embedded.Config, bucket string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	cfg.Ready = func(endpoint string) {
		if err := makeBucket(ctx, s3.Config{Endpoint: endpoint, Bucket: bucket, AccessKey: cfg.AccessKey, SecretKey: cfg.SecretKey}); err != nil {
			cancel(err)
			return
		}
		fmt.Fprintln(s.Out, "the store is ready at", endpoint)
	}
	if err := embedded.Run(ctx, cfg); err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func makeBucket(ctx context.Context, cfg s3.Config) error {
	if cfg.Bucket == "" {
		return nil
	}
	objects, err := s3.Open(cfg)
	if err != nil {
		return err
	}
	defer objects.Close()
	return objects.Ensure(ctx)
}
