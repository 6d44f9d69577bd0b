package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"facet/release"
	"facet/storage/embedded"
	"facet/storage/s3"
	"facet/tiers/cache"
	"facet/tiers/guard"
)

func newServe(s Streams) *cobra.Command {
	var file string
	var print, check, announce bool
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the edge: devices, the control API and operators' pages, from one configuration",
		Long: `Run the edge as a service: an instance for devices, the control API, or both. One YAML file and FACET_* variables say
how; docs/config.md lists every key, and an unknown one is refused.

SIGTERM or an interrupt ends it gently: /readyz turns 503, after serve.drainDelay the listener closes, and what is under
way ends within serve.drainFor. A second signal ends it at once. Exit codes: 0 for an end by signal, 1 for a
configuration that is wrong, 3 if a part cannot start or fails, 4 if requests had to be cut at the end.`,
		Example: `  edge serve --config edge.yaml
  edge serve --config edge.yaml --check
  edge serve --print-config > edge.yaml
  FACET_STORE_EMBEDDED_DIR=./objects edge serve`,
		Args: takes(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if file == "" {
				file = os.Getenv("FACET_CONFIG")
			}
			if print {
				cfg, ds, err := parseConfig(file, os.Environ())
				if err != nil {
					return err
				}
				if err := ds.Err(); err != nil {
					return err
				}
				text, err := printConfig(cfg)
				if err == nil {
					_, err = s.Out.Write(text)
				}
				return err
			}
			cfg, err := loadConfig(file, os.Environ())
			if err != nil {
				return err
			}
			if check {
				if err := checkFiles(cfg); err != nil {
					return err
				}
				if cfg.shut() {
					fmt.Fprintln(s.Err, "edge: warning:", shutText)
				}
				fmt.Fprintln(s.Out, "the configuration is good")
				return nil
			}
			return runServe(c.Context(), s, cfg, announce)
		},
	}
	c.Flags().StringVar(&file, "config", "", "the configuration file (default: the variable FACET_CONFIG, or none)")
	c.Flags().BoolVar(&print, "print-config", false, "print what is in force, commented and without secrets, and end")
	c.Flags().BoolVar(&check, "check", false, "say what is wrong with the configuration, and end")
	c.Flags().BoolVar(&announce, "announce", false, "print EDGE_URL=…, OPS_URL=…, CONTROL_URL=… and ready, for programs that start this one")
	return c
}

// checkFiles reads the files that a configuration names, as the start would.
func checkFiles(c *config) error {
	if _, err := c.Store.secretKey(); err != nil {
		return err
	}
	if _, err := c.Control.Signing.signer(); err != nil {
		return err
	}
	if _, err := c.Trust.keys(); err != nil {
		return err
	}
	if err := c.Asker.JWT.checkFile(); err != nil {
		return err
	}
	for _, t := range []tlsConfig{c.Serve.TLS, c.Control.TLS} {
		if _, err := t.config(nil); err != nil {
			return err
		}
	}
	return nil
}

// shut says whether nobody can use the control API.
func (c *config) shut() bool { return c.Control.Listen != "" && len(c.Control.Tokens) == 0 }

const shutText = "control.tokens is empty: the control API refuses everybody"

// lateDrain bounds how long the control API's and the operators' listeners wait for what is under way.
const lateDrain = 5 * time.Second

func runServe(ctx context.Context, s Streams, c *config, announce bool) (err error) {
	log := serveLog(s.Err, c.Log)
	defer keepHeapFloor(int64(c.Limits.HeapFloor))()
	keys, err := c.Trust.keys()
	if err != nil {
		return err
	}
	where, stopStore, err := startStore(ctx, c, log)
	if err != nil {
		return err
	}
	defer stopStore()
	objects, err := s3.Open(where)
	if err != nil {
		return err
	}
	defer objects.Close()

	var doors doorList
	defer doors.close()
	m := newMetrics()
	workers, err := c.Scripts.open(log, m.registry)
	if err != nil {
		return err
	}
	defer workers.Close()
	var packages *packagePages
	probes, draining := bareProbes(objects, release.PointerKey(c.Env, c.Region))
	if c.Serve.Listen != "" {
		f := c.front(m, log)
		if f.observing, err = newObserving(ctx, accessLog{Successes: uint32(c.Log.Successes), Refusals: uint32(c.Log.Refusals)}, c.Serve.Explain, traceSettings{
			Endpoint: c.Tracing.Endpoint, Sample: c.Tracing.Sample, Trust: c.Serve.TrustHeaders, Environment: c.Env, Region: c.Region, Instance: c.Instance, Log: log}); err != nil {
			return err
		}
		defer f.tracing.stop()
		stopVerifying, err := f.verify(ctx, &c.Asker.JWT, log)
		if err != nil {
			return err
		}
		defer stopVerifying()
		stopHearing, err := f.hearOthers(c.Notice.NATS, c.Env, c.Instance)
		if err != nil {
			return err
		}
		defer stopHearing()
		if err := f.gate.limit(c.Limits, c.Serve.TrustHeaders, f.known, m.registry); err != nil {
			return err
		}
		if f.gate.rates != nil {
			f.gate.rates.who = f.ask.Known
		}
		behind := c.environment(m)
		defer behind.Cache.Close()
		i, err := startInstance(ctx, instanceConfig{Store: objects, Env: c.Env, Region: c.Region, Name: c.Instance, Cache: c.Cache, Keys: keys, Quarantine: c.Scripts.Quarantine.options(), Scripts: &c.Scripts, Workers: workers, Tiers: behind, Front: f})
		if err != nil {
			return err
		}
		defer func() {
			if e := i.Stop(); err == nil {
				err = e
			}
		}()
		packages = f.packages
		probes, draining = f.probes, func() { f.gate.draining.Store(true) }
		front := c.Serve.door()
		front.Ready, front.ReadyWait = func() bool { return i.catalog.Status().Ready() }, c.Serve.ReadyWait
		if err := doors.open("devices", "EDGE_URL", c.Serve.Listen, "serve.listen", c.Serve.TLS, f.devices(), front, log); err != nil {
			return err
		}
	}
	if c.Control.Listen != "" {
		tokens, err := controlTokens(c.Control.Tokens)
		if err != nil {
			return err
		}
		if c.shut() {
			log.Warn().Msg(shutText)
		}
		signer, err := c.Control.Signing.signer()
		if err != nil {
			return err
		}
		ctl := newControl(objects, signer, keys)
		ctl.Build, ctl.Render = workers.build, workers.render
		p := startPlane(ctx, ctl, tokens, c.Control, log)
		defer p.Stop()
		before := draining
		draining = func() { before(); p.streams() }
		// Answers take as long as builds do: the API bounds them itself.
		if err := doors.open("control", "CONTROL_URL", c.Control.Listen, "control.listen", c.Control.TLS, withRegistry(p.handler, c.Registry, ctl, tokens, registryOf{Env: c.Env}, log), doorConfig{H2C: true, Write: -1, Read: 5 * time.Minute}, log); err != nil {
			return err
		}
		c.Registry.tell(log, doors.list[len(doors.list)-1], c.Control.TLS)
	}
	if c.Ops.Listen != "" {
		if err := doors.open("ops", "OPS_URL", c.Ops.Listen, "ops.listen", tlsConfig{}, opsHandler(probes, m.handler(), c.Ops.Pprof, packages), doorConfig{Write: 3 * time.Minute}, log); err != nil {
			return err
		}
	}
	if announce {
		fmt.Fprint(s.Out, doors.said, "ready\n")
	}
	v := currentVersion()
	log.Info().Str("version", v.Version).Str("revision", v.Revision).Str("environment", c.Env).Str("region", c.Region).Str("instance", c.Instance).Msg("started")
	end := stop{Delay: c.Serve.DrainDelay, For: c.Serve.DrainFor, Now: secondSignal(ctx), Draining: func() {
		log.Info().Dur("delay", c.Serve.DrainDelay).Dur("for", c.Serve.DrainFor).Msg("draining")
		draining()
	}}
	if c.Serve.Listen == "" {
		end.Delay, end.For = 0, lateDrain
	}
	err = serveAll(ctx, end, doors.list...)
	log.Info().AnErr("error", err).Msg("ended")
	return err
}

// startStore is where the objects are: a child's folder, or a server elsewhere.
func startStore(ctx context.Context, c *config, log zerolog.Logger) (s3.Config, func(), error) {
	if c.Store.Embedded.Dir != "" {
		dir, err := filepath.Abs(c.Store.Embedded.Dir)
		if err != nil {
			return s3.Config{}, nil, err
		}
		k, err := keepStore(ctx, embedded.Options{Args: []string{"store"}, Dir: dir, Addr: c.Store.Embedded.Listen, Bucket: c.Store.Bucket,
			AccessKey: c.Store.AccessKey, SecretKey: string(c.Store.SecretKey)}, func(format string, args ...any) { log.Warn().Msgf(format, args...) })
		if err != nil {
			return s3.Config{}, nil, err
		}
		where := k.first.S3
		where.Timeout, where.Attempts = c.Store.Timeout, c.Store.Attempts
		return where, k.Stop, nil
	}
	secret, err := c.Store.secretKey()
	return s3.Config{Endpoint: c.Store.Endpoint, Region: c.Store.Region, Bucket: c.Store.Bucket, AccessKey: c.Store.AccessKey, SecretKey: secret,
		Timeout: c.Store.Timeout, Attempts: c.Store.Attempts}, func() {}, err
}

// front is what answers devices, without its catalog.
func (c *config) front(m *metrics, log zerolog.Logger) *front {
	f := &front{ask: c.asking(), compression: c.Serve.Compression, documents: newDocuments(c.Serve.Documents, log),
		introspection: c.Serve.Introspection, draft: c.Serve.GraphQLHTTP == "draft", metrics: m, log: log}
	f.gate.console, f.gate.cors, f.gate.maxBody = c.Serve.Console, c.Serve.CORS, int64(c.Serve.MaxBody)
	return f
}

// environment is what graphs see of this process, and the guard before their operations.
func (c *config) environment(m *metrics) *environment {
	kept := cache.New(c.Tiers.Cache.settings())
	m.registry.MustRegister(tierCache{kept})
	return &environment{Env: c.Tiers.Env, Config: c.Tiers.Config, Getenv: graphVariable, Guard: guard.New(c.Tiers.guard(m)), Cache: kept, Apart: c.Tiers.apart()}
}

// graphVariable is os.LookupEnv without the variables of this program: a graph must not read its secrets.
func graphVariable(name string) (string, bool) {
	if strings.HasPrefix(name, "FACET_") {
		return "", false
	}
	return os.LookupEnv(name)
}

func (c *tiersConfig) guard(m guard.Meter) guard.Config {
	out := guard.Config{Settings: c.Guard.settings(), Sources: map[string]guard.Settings{}, Operations: map[string]guard.Settings{}, Meter: m}
	for name, g := range c.Sources {
		out.Sources[name] = g.settings()
	}
	for name, g := range c.Operations {
		out.Operations[name] = g.settings()
	}
	return out
}

func (g guardConfig) settings() guard.Settings {
	return guard.Settings{Timeout: g.Timeout, Concurrency: g.Concurrency, Queue: g.Queue, Retries: g.Retries, RetryDelay: g.RetryDelay, RetryMaxDelay: g.RetryMaxDelay,
		BudgetRatio: g.BudgetRatio, BudgetBurst: g.BudgetBurst, BreakerFailures: g.BreakerFailures, BreakerOf: g.BreakerOf, BreakerOpen: g.BreakerOpen,
		BreakerProbes: g.BreakerProbes, Hedge: g.Hedge}
}

func (c serveConfig) door() doorConfig {
	return doorConfig{H2C: c.H2C, Header: c.HeaderTimeout, Read: c.ReadTimeout, Write: c.WriteTimeout, Idle: c.IdleTimeout,
		MaxHeader: int(c.MaxHeader), MaxConnections: c.MaxConnections, MaxStreams: c.MaxStreams}
}

// A doorList is the doors of a process, the devices' first.
type doorList struct {
	list []*door
	said string // NAME=URL lines of them
}

func (ds *doorList) open(name, variable, address, key string, t tlsConfig, h http.Handler, c doorConfig, log zerolog.Logger) error {
	cert, err := t.config(func(err error) {
		if err != nil {
			log.Error().Err(err).Str("listener", name).Msg("a changed certificate cannot be used; the one before is")
			return
		}
		log.Info().Str("listener", name).Msg("a changed certificate is in use")
	})
	if err != nil {
		return err
	}
	l, err := listen(address, key)
	if err != nil {
		return err
	}
	c.TLS = cert
	scheme := "http"
	if cert != nil {
		scheme = "https"
	}
	ds.list = append(ds.list, newDoor(name, l, h, c))
	ds.said += fmt.Sprintf("%s=%s://%s\n", variable, scheme, browsable(l.Addr().String()))
	log.Info().Str("listener", name).Str("url", scheme+"://"+l.Addr().String()).Msg("listening")
	return nil
}

// close ends the listeners of a start that failed. Of doors that served it does nothing.
func (ds *doorList) close() {
	for _, d := range ds.list {
		_ = d.listener.Close()
	}
}

// secondSignal is closed by a signal after ctx has ended. What does not end by itself then is ended soon after.
func secondSignal(ctx context.Context) <-chan struct{} {
	now := make(chan struct{})
	go func() {
		<-ctx.Done()
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
		<-signals
		close(now)
		time.Sleep(2 * time.Second)
		os.Exit(exitCut)
	}()
	return now
}

// serveLog is the process's log.
func serveLog(out io.Writer, c logConfig) zerolog.Logger {
	log := devLog(out, c.Format)
	level, err := zerolog.ParseLevel(c.Level)
	if err != nil {
		return log
	}
	return log.Level(level)
}

// isCut says whether an error is the end of a process that had to cut requests.
func isCut(err error) bool { return errors.Is(err, errCut) }
