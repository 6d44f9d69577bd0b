package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"facet/fault"
)

type topOptions struct {
	ops      string
	every    time.Duration
	sort     string
	most     int
	versions bool
	once     bool
	asJSON   bool
}

func newTop(s Streams) *cobra.Command {
	var o topOptions
	c := &cobra.Command{
		Use:   "top",
		Short: "Show which packages an instance spends its time on",
		Long: `Ask an instance what its packages took since the last look, and show those that took the most; again every two seconds.

CPU is the share of the process's processor time that was sampled while a package's requests or functions ran: planning, composing
and encoding are in it, parsing a request and writing to a connection are not, for no package is known by then. It needs
ops.pprof. JS is the processor time of computed functions, counted call by call, in worker processes too. Bytes are those of
tiers' answers and of answers: memory is not sampled by package, but most of what is allocated follows them.
KEPT is how many calls of a request the tier cache spared. GO is how many of a package's computed functions run as Go code; those
that run in the JavaScript engine are named below it, with what needs it, and --json has all of them. They are told of the packages
asked last, while their functions are loaded.
What is asked of several packages at once counts for each. Ctrl-C ends it.`,
		Example: `  edge top --ops http://10.0.0.7:9090
  edge top --once --sort calls
  edge top --json | jq '.packages[0]'
  edge top --json | jq '.packages[].functions[]? | select(.runs == "goja")'`,
		Args: takes(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if o.every < 200*time.Millisecond || o.every > time.Minute {
				return usageError{fmt.Errorf("--every is a time from 200ms to 1m")}
			}
			if o.most < 0 {
				return usageError{fmt.Errorf("--most is 0, which shows all, or more")}
			}
			if topOrders[o.sort] == nil {
				return usageError{fmt.Errorf("--sort is cpu, js, requests, p99, calls, bytes or breaks, not %q", o.sort)}
			}
			return runTop(c.Context(), s, o)
		},
	}
	opsFlag(c, &o.ops)
	f := c.Flags()
	f.DurationVar(&o.every, "every", 2*time.Second, "between two looks")
	f.StringVar(&o.sort, "sort", "cpu", "what stands first: cpu, js, requests, p99, calls, bytes, breaks")
	f.IntVar(&o.most, "most", 20, "packages that are shown; 0: all")
	f.BoolVar(&o.versions, "versions", false, "a row for each version")
	f.BoolVar(&o.once, "once", false, "look once and end")
	f.BoolVar(&o.asJSON, "json", false, "print JSON, once")
	return c
}

func opsFlag(c *cobra.Command, at *string) {
	c.Flags().StringVar(at, "ops", orEnv("FACET_OPS", "http://127.0.0.1:9090"), "URL of the instance's operators' listener (FACET_OPS)")
}

func runTop(ctx context.Context, s Streams, o topOptions) error {
	before, err := askUsage(ctx, o.ops, 0)
	if err != nil {
		return err
	}
	screen := isTerminal(s.Out) && !o.once && !o.asJSON
	if screen {
		end := onScreen(s.Out)
		defer end()
	}
	for {
		now, err := askUsage(ctx, o.ops, o.every)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		view := topOf(before, now, o)
		if o.asJSON {
			e := json.NewEncoder(s.Out)
			e.SetIndent("", "  ")
			return e.Encode(view)
		}
		var b strings.Builder
		view.print(&b, screen)
		if screen {
			_, _ = io.WriteString(s.Out, "\x1b[H"+strings.ReplaceAll(b.String(), "\n", "\x1b[K\n")+"\x1b[J")
		} else {
			_, _ = io.WriteString(s.Out, b.String())
		}
		if o.once {
			return nil
		}
		if !screen {
			fmt.Fprintln(s.Out)
		}
		before = now
	}
}

// onScreen takes the terminal's other screen, so that what stood there is back at the end.
func onScreen(out io.Writer) func() {
	_, _ = io.WriteString(out, "\x1b[?1049h\x1b[?25l")
	return func() { _, _ = io.WriteString(out, "\x1b[?25h\x1b[?1049l") }
}

// askUsage asks an instance what its packages took; profile is how long it samples itself before it answers.
func askUsage(ctx context.Context, ops string, profile time.Duration) (*usageReport, error) {
	q := url.Values{}
	if profile > 0 {
		q.Set("profile", profile.String())
		q.Set("functions", "")
	}
	var rep usageReport
	body, err := askOps(ctx, ops, "/debug/packages", q, profile)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(body, &rep); err != nil {
		return nil, &fault.Error{Kind: fault.BadAnswer, Op: "ops", Subject: ops, Message: "this is no instance's operators' listener", Err: err}
	}
	return &rep, nil
}

// maxOpsAnswer bounds an answer of an instance, in bytes.
const maxOpsAnswer = 256 << 20

// askOps asks a page of the operators' listener that takes a while to answer.
func askOps(ctx context.Context, ops, path string, q url.Values, takes time.Duration) ([]byte, error) {
	if u, err := url.Parse(ops); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, usageError{fmt.Errorf("--ops is the URL of an instance's operators' listener, as http://10.0.0.7:9090, not %q", ops)}
	}
	ctx, cancel := context.WithTimeout(ctx, takes+15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(ops, "/")+path+"?"+q.Encode(), nil)
	if err != nil {
		return nil, usageError{fmt.Errorf("--ops: %w", err)}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Unavailable, Op: "ops", Subject: ops, Message: "the instance does not answer", Err: err, Hint: "--ops is the URL of ops.listen of edge serve; edge dev answers at its own URL"}
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxOpsAnswer+1))
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, "ops", ops, err)
	}
	if len(body) > maxOpsAnswer {
		return nil, fault.New(fault.TooLarge, "the instance's answer has more than %d bytes", maxOpsAnswer)
	}
	if resp.StatusCode == http.StatusOK {
		return body, nil
	}
	var p struct {
		Code         fault.Kind
		Detail, Hint string
	}
	if json.Unmarshal(body, &p) == nil && p.Detail != "" {
		return nil, fault.New(p.Code, "%s", p.Detail).WithHint("%s", p.Hint)
	}
	if resp.StatusCode == http.StatusNotFound {
		hint := "--ops is the URL of ops.listen of edge serve, not of its control API or of what askers use; edge dev answers at its own URL"
		if path == profilePath {
			hint = "profiles need ops.pprof of edge serve; " + hint
		}
		return nil, fault.New(fault.NotFound, "%s has no page %s", ops, path).WithHint("%s", hint)
	}
	return nil, fault.New(fault.BadAnswer, "%s answered %s", ops, resp.Status)
}
