package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"facet/asker"
	"facet/catalog"
	"facet/control"
	"facet/fault"
	"facet/release"
	"facet/resolvers"
	"facet/storage/embedded"
	"facet/storage/s3"
	"facet/tiers/cache"
	"facet/tiers/guard"
)

type devOptions struct {
	dir      string
	listen   string
	data     string
	watch    bool
	announce bool
	log      string
	graphql  string

	isolation string

	control    string
	controlSet bool // by a flag
}

func newDev(s Streams) *cobra.Command {
	o := devOptions{watch: true}
	var noWatch bool
	c := &cobra.Command{
		Use:   "dev [DIR]",
		Short: "Run a workspace: store, tiers and edge; saving a file is live",
		Long: `Run everything that a workspace needs in one process tree: an S3 store, the tiers that edge.json names, the edge and its
control API. A store or tier that ends is started again.
Packages go the way that every publish goes: packed, stored, built, released, loaded. Saving a .ts file or the graph
makes a new release within a second; if it has mistakes they are printed and the last good release goes on serving.

Requests are asked as the viewer of edge.json; the Facet-Viewer, Facet-Profile, Facet-Form, Facet-Region and
Facet-Cells headers ask as somebody else.`,
		Example: `  edge dev
  edge dev examples/films --listen :8080
  edge dev --log json 2>access.log`,
		Args: takes(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			o.dir = "."
			if len(args) == 1 {
				o.dir = args[0]
			}
			o.watch = !noWatch
			if o.log != "text" && o.log != "json" && o.log != "off" {
				return usageError{fmt.Errorf("--log is text, json or off, not %q", o.log)}
			}
			if o.graphql != "2026-09" && o.graphql != "draft" {
				return usageError{fmt.Errorf("--graphql-http is 2026-09 or draft, not %q", o.graphql)}
			}
			if o.isolation != isolationNone && o.isolation != isolationProcess {
				return usageError{fmt.Errorf("--isolation is none or process, not %q", o.isolation)}
			}
			o.controlSet = c.Flags().Changed("control-listen")
			return runDev(c.Context(), s, o)
		},
	}
	c.Flags().StringVar(&o.listen, "listen", "127.0.0.1:8080", "address to listen on")
	c.Flags().StringVar(&o.control, "control-listen", "127.0.0.1:8081", "address of the control API; empty: none. If the default is taken, any free one")
	c.Flags().StringVar(&o.data, "data", "", "folder that keeps the store between runs (default: a temporary one)")
	c.Flags().StringVar(&o.log, "log", "text", "access log on standard error: text, json or off")
	c.Flags().StringVar(&o.graphql, "graphql-http", "2026-09", "status codes of GraphQL over HTTP: the edition 2026-09, or draft for those before it")
	c.Flags().StringVar(&o.isolation, "isolation", isolationNone, "where packages are built and run: none (in this process), or process (each scope in its own, as scripts.isolation of edge serve)")
	c.Flags().BoolVar(&noWatch, "no-watch", false, "do not watch files")
	c.Flags().BoolVar(&o.announce, "announce", false, "print EDGE_URL=…, CONTROL_URL=…, CONTROL_TOKEN=…, what tiers announce and ready, for programs that start this one")
	return c
}

// devEnv and devRegion name the environment that `edge dev` releases to.
const (
	devEnv    = "dev"
	devRegion = "local"
)

// devGarbage is GOGC while developing: recording hundreds of packages is one burst of garbage, and memory is there for it.
const devGarbage = 400

func runDev(ctx context.Context, s Streams, o devOptions) (err error) {
	if os.Getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(devGarbage))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := openWorkspace(o.dir)
	if err != nil {
		return err
	}
	l, err := listen(o.listen, "--listen")
	if err != nil {
		return err
	}
	defer l.Close()
	controlAt, err := o.controlListener()
	if err != nil {
		return err
	}
	log := devLog(s.Err, o.log)
	if o.log != "off" { // no level makes that one speak
		log = log.Level(zerolog.InfoLevel)
	}
	data := o.data
	if data == "" {
		if data, err = scratchDir(); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(data) }()
	}
	began := time.Now()
	step := func(format string, args ...any) {
		if !o.announce {
			fmt.Fprintf(s.Err, "%6.2fs  "+format+"\n", append([]any{time.Since(began).Seconds()}, args...)...)
		}
	}
	say := func(format string, args ...any) {
		if ctx.Err() == nil {
			fmt.Fprintf(s.Err, "edge: "+format+"\n", args...)
		}
	}

	store, err := keepStore(ctx, embedded.Options{Args: []string{"store"}, Dir: filepath.Join(data, "store")}, say)
	if err != nil {
		return err
	}
	defer store.Stop()
	objects, err := s3.Open(store.first.S3)
	if err != nil {
		return err
	}
	defer objects.Close()
	step("store    %s", store.first.S3.Endpoint)

	tierLog := prefixed(s.Err, "tier  ")
	env, running, err := startTiers(ctx, w.Dir, w.Tiers, tierLog)
	if err != nil {
		return err
	}
	defer keepTiers(ctx, w.Dir, w.Tiers, running, tierLog, say).Stop()
	step("tiers    %s", count(len(running), "program"))

	var watch *watch
	if o.watch { // before anything is read, so that no save is missed
		if watch, err = openWatch(w.Dir); err != nil {
			return err
		}
		defer watch.close()
	}
	m := newMetrics()
	apart := defaultConfig().Scripts
	apart.Isolation = map[string]string{"default": o.isolation}
	workers, err := apart.open(log, m.registry)
	if err != nil {
		return err
	}
	defer workers.Close()
	ctl := newControl(objects, release.Signer{}, nil)
	ctl.Build, ctl.Render = workers.build, workers.render
	p := newPublisher(w, ctl, devEnv)
	out, err := p.all(ctx)
	if err != nil {
		return err
	}
	if report(s.Err, out); out.Result == nil {
		return fmt.Errorf("the workspace has mistakes: %w", errFailed)
	}
	step("release  %s, %s", shortDigest(out.Result.Digest), count(len(out.Published), "package"))

	all := maps.Clone(w.Env)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, env)
	f := &front{ask: asker.Settings{TrustHeaders: true, Default: w.Viewer.viewer(), Region: devRegion},
		introspection: true, draft: o.graphql == "draft", compression: defaultCompression(), metrics: m, log: log}
	f.ask.Prepare()
	f.gate.console, f.gate.metrics = true, true
	if f.observing, err = newObserving(ctx, accessLog{}, true, traceSettings{Sample: 1, Trust: true, Environment: devEnv, Region: devRegion, Instance: "dev", Log: log}); err != nil {
		return err
	}
	defer f.tracing.stop()
	kept := cache.New(cache.Settings{Bytes: defaultTierCache})
	defer kept.Close()
	m.registry.MustRegister(tierCache{kept})
	i, err := startInstance(ctx, instanceConfig{Store: objects, Env: devEnv, Region: devRegion, Name: "dev", Front: f, Workers: workers,
		Tiers: &environment{Env: all, Getenv: os.LookupEnv, Config: w.Config, Guard: guard.New(guard.Config{Meter: m}), Cache: kept}})
	if err != nil {
		return err
	}
	defer func() {
		if e := i.Stop(); err == nil {
			err = e
		}
	}()
	if err := i.catalog.Refresh(ctx); err != nil {
		return err
	}
	doors, draining := []*door{newDoor("devices", l, f.devices(), doorConfig{H2C: true})}, func() { f.gate.draining.Store(true) }
	step("serving  http://%s", l.Addr())
	said, api := "EDGE_URL=http://"+l.Addr().String()+"\n", ""
	if controlAt != nil {
		token := randomToken()
		tokens, err := resolvers.NewTokens([]resolvers.Token{{Name: "dev", SHA256: resolvers.HashToken(token), Scopes: []string{"admin"}}})
		if err != nil {
			return err
		}
		c := startPlane(ctx, ctl, tokens, controlConfig{KeepEvery: defaultConfig().Control.KeepEvery}, log)
		defer c.Stop()
		draining = func() { f.gate.draining.Store(true); c.streams() }
		doors = append(doors, newDoor("control", controlAt, withRegistry(c.handler, registryConfig{Enabled: true, Public: true}, ctl, tokens, registryOf{Env: devEnv, Drafts: true}, log), doorConfig{H2C: true, Write: -1}))
		api = "http://" + browsable(controlAt.Addr().String())
		step("control  %s", api)
		step("npm      %s%s", api, registryPath)
		said += "CONTROL_URL=" + api + "\nCONTROL_TOKEN=" + token + "\n"
		api = fmt.Sprintf("FACET_CONTROL=%s FACET_TOKEN=%s edge status", api, token)
	}
	if o.announce {
		fmt.Fprint(s.Out, said, announced(env, ""), "ready\n")
	} else {
		tour(s.Out, "http://"+browsable(l.Addr().String()), api, announced(env, "  "), f.site())
	}
	if watch != nil {
		go func() {
			err := watch.run(ctx, func(files []string) { live(ctx, s.Err, p, i.catalog, files) })
			if err != nil {
				fmt.Fprintln(s.Err, "edge: files are not watched any more:", err)
			}
		}()
	}
	if err := serveAll(ctx, stop{For: drainTime, Draining: draining, Now: secondSignal(ctx)}, doors...); err != nil && !isCut(err) {
		return err
	}
	return nil
}

// controlListener listens for the control API; nil if it is off. A default that is taken by another `edge dev` is no
// mistake of anybody: then it is any free port.
func (o devOptions) controlListener() (net.Listener, error) {
	if o.control == "" {
		return nil, nil
	}
	l, err := listen(o.control, "--control-listen")
	if err != nil && !o.controlSet {
		return listen("127.0.0.1:0", "--control-listen")
	}
	return l, err
}

// live brings saved files into service and says what came of it.
func live(ctx context.Context, out io.Writer, p *publisher, cat *catalog.Catalog[*served], files []string) {
	began := time.Now()
	o, err := p.saved(ctx, files)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			fmt.Fprintln(out, "edge:", err)
		}
		return
	}
	report(out, o)
	if o.Diagnostics.Failed() || o.Result == nil {
		if o.Diagnostics.Failed() {
			fmt.Fprintln(out, "not live: the release before goes on serving")
		}
		return
	}
	if o.Result.Unchanged {
		return
	}
	if err := cat.Refresh(ctx); err != nil {
		fmt.Fprintln(out, "edge:", err)
		return
	}
	fmt.Fprintf(out, "live in %d ms: %s\n", time.Since(began).Milliseconds(), whatChanged(o.Result))
}

// whatChanged names the builds that a release is new by; of many the first.
func whatChanged(r *control.Result) string {
	const most = 5
	names := slices.Concat(r.Made, r.Reused)
	switch {
	case len(names) == 0:
		return "the routes"
	case len(names) > most:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

func report(out io.Writer, o *outcome) {
	for _, d := range o.Diagnostics {
		fmt.Fprintln(out, d)
	}
}

func devLog(out io.Writer, form string) zerolog.Logger {
	switch form {
	case "json":
		return zerolog.New(out).With().Timestamp().Logger()
	case "off":
		return zerolog.Nop()
	}
	return zerolog.New(zerolog.ConsoleWriter{Out: out, TimeFormat: "15:04:05", NoColor: !isTerminal(out)}).With().Timestamp().Logger()
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func logEvent(log zerolog.Logger, e catalog.Event) {
	event := log.Info()
	if e.Err != nil {
		event = log.Warn().AnErr("error", e.Err)
		if hint := fault.HintOf(e.Err); hint != "" {
			event = event.Str("hint", hint)
		}
	}
	event.Str("phase", string(e.Phase)).Str("release", shortDigest(e.Release)).Int64("seq", e.Seq).Msg("release")
}

func shortDigest(d string) string {
	d = strings.TrimPrefix(d, "sha256:")
	return d[:min(12, len(d))]
}
