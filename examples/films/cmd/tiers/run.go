package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"facet/examples/films"
)

// run serves until ctx ends, then lets calls in flight finish for at most 5 s.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	set := flag.NewFlagSet("tiers", flag.ContinueOnError)
	set.SetOutput(stderr)
	which := set.String("tiers", "all", "which tiers run: names separated by commas, or all")
	addr := set.String("addr", "127.0.0.1:0", "address of the first tier; the others follow on the next ports, port 0 takes free ones")
	delay := set.String("delay", "", `how long answers wait: "5ms" for all, "bookmarks=200ms" for one, several separated by commas`)
	public := set.String("public-art", "", "address that devices reach posters at, if it is not the artwork tier's own")
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if set.NArg() > 0 {
		return fmt.Errorf("%q is no flag", set.Arg(0))
	}
	chosen, err := choose(*which)
	if err != nil {
		return err
	}
	lag, err := delays(*delay)
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(*addr)
	if err != nil {
		return fmt.Errorf("-addr: %w", err)
	}
	first, err := strconv.Atoi(port)
	if err != nil {
		return fmt.Errorf("-addr: port %q is no number", port)
	}

	failed := make(chan error, len(chosen))
	var servers []*http.Server
	for i, t := range chosen {
		next := 0
		if first != 0 {
			next = first + i
		}
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(next)))
		if err != nil {
			return errors.Join(err, stop(servers))
		}
		wait, ok := lag[t.Name]
		if !ok {
			wait = lag["all"]
		}
		s := films.Server(t.Handler(films.Options{Lag: wait, Public: *public}))
		servers = append(servers, s)
		go func() { failed <- s.Serve(l) }()
		if _, err := fmt.Fprintf(stdout, "%s=http://%s\n", t.Env, l.Addr()); err != nil {
			return errors.Join(err, stop(servers))
		}
	}
	if _, err := fmt.Fprintln(stdout, "ready"); err != nil {
		return errors.Join(err, stop(servers))
	}
	select {
	case <-ctx.Done():
		return stop(servers)
	case err := <-failed:
		return errors.Join(err, stop(servers))
	}
}

func stop(servers []*http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var all error
	for _, s := range servers {
		all = errors.Join(all, s.Shutdown(ctx))
	}
	return all
}

func choose(names string) ([]films.Tier, error) {
	all := films.Tiers()
	if names == "all" {
		return all, nil
	}
	var chosen []films.Tier
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(all, func(t films.Tier) bool { return t.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("-tiers: %q is no tier; there are %s", name, known(all))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// delays reads "5ms,bookmarks=200ms" into {"all": 5ms, "bookmarks": 200ms}.
func delays(s string) (map[string]time.Duration, error) {
	out := map[string]time.Duration{}
	if s == "" {
		return out, nil
	}
	for part := range strings.SplitSeq(s, ",") {
		name, text, ok := strings.Cut(part, "=")
		if !ok {
			name, text = "all", part
		}
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return nil, fmt.Errorf("-delay: %q is no duration such as 5ms", text)
		}
		if name != "all" {
			if _, err := choose(name); err != nil {
				return nil, fmt.Errorf("-delay: %q is no tier; there are %s", name, known(films.Tiers()))
			}
		}
		out[name] = d
	}
	return out, nil
}

func known(all []films.Tier) string {
	names := make([]string, len(all))
	for i, t := range all {
		names[i] = t.Name
	}
	return strings.Join(names, ", ")
}
