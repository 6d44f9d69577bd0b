package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"facet/fault"
)

// maxHealth bounds what is shown of a probe's answer.
const maxHealth = 1 << 20

func newHealth(s Streams) *cobra.Command {
	var within time.Duration
	c := &cobra.Command{
		Use:   "health [URL]",
		Short: "Ask a probe: exit 0 if it answers 200",
		Long: `Ask a probe of a running edge and print what it says. It is for containers that hold nothing but this program, where
no curl could be a health check, and for people.`,
		Example: `  edge health                                  whether the process here lives
  edge health http://127.0.0.1:9090/readyz     whether it is ready, and how stale`,
		Args: takes(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			url := "http://127.0.0.1:9090/healthz"
			if len(args) == 1 {
				url = args[0]
			}
			if !strings.HasPrefix(url, "http://") && !strings.HasPrefix(url, "https://") {
				return usageError{fmt.Errorf("%q is no URL: write http://127.0.0.1:9090/readyz", url)}
			}
			ctx, cancel := context.WithTimeout(c.Context(), within)
			defer cancel()
			return probe(ctx, s.Out, url)
		},
	}
	c.Flags().DurationVar(&within, "timeout", 3*time.Second, "how long the answer may take")
	return c
}

func probe(ctx context.Context, out io.Writer, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return usageError{err}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fault.Wrap(fault.Unavailable, "ask", url, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxHealth))
	if err != nil {
		return fault.Wrap(fault.Unavailable, "ask", url, err)
	}
	fmt.Fprint(out, string(body))
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s: %w", url, res.Status, errFailed)
	}
	return nil
}
