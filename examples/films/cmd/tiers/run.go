package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"facet/examples/films"
	"facet/examples/films/tiers/trouble"
)

// run serves until ctx ends, then lets calls in flight finish for at most 5 s.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	set := flag.NewFlagSet("tiers", flag.ContinueOnError)
	set.SetOutput(stderr)
	which := set.String("tiers", "all", "which tiers run: names separated by commas, or all")
	addr := set.String("addr", "127.0.0.1:0", "address of the first tier; the others follow on the next ports, port 0 takes free ones")
	delay := set.String("delay", "", `how long answers wait: "5ms" for all, "bookmarks=200ms" for one, several separated by commas`)
	public := set.String("public-art", "", "address that devices reach posters at, if it is not the artwork tier's own")
	data := set.String("data", "", "folder of what outlives the program: bookmarks and lists; without it they end with the program")
	admin := set.String("admin", "127.0.0.1:0", "loopback address at which tiers are told to restart, lag and lie; empty for none")
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
	world, err := films.Start(*addr, films.Options{Public: *public, Data: *data}, chosen...)
	if err != nil {
		return fmt.Errorf("-addr %s: %w", *addr, err)
	}
	for _, t := range world.Tiers {
		wait, ok := lag[t.Name]
		if !ok {
			wait = lag["all"]
		}
		t.Door.Set(trouble.Trouble{Lag: trouble.Span(wait)})
		if _, err := fmt.Fprintf(stdout, "%s=%s\n", t.Env, t.URL()); err != nil {
			return errors.Join(err, stop(world))
		}
	}
	if *admin != "" {
		url, err := world.OpenAdmin(*admin)
		if err != nil {
			return errors.Join(fmt.Errorf("-admin: %w", err), stop(world))
		}
		if _, err := fmt.Fprintf(stdout, "TIERS_ADMIN=%s\n", url); err != nil {
			return errors.Join(err, stop(world))
		}
	}
	if _, err := fmt.Fprintln(stdout, "ready"); err != nil {
		return errors.Join(err, stop(world))
	}
	<-ctx.Done()
	return stop(world)
}

func stop(world *films.World) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return world.Stop(ctx)
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
