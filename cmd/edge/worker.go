package main

import (
	"context"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"facet/control"
	"facet/fault"
	"facet/pack"
	"facet/scripts"
	"facet/scripts/worker"
	"facet/view"
)

// newScriptWorker is the child that worker.Pool starts. It is of no use to people.
func newScriptWorker(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:    "script-worker",
		Short:  "Run packages' code apart from everything else; edge starts it by itself",
		Hidden: true,
		Long: `Run the code of packages in a process of its own, with a limit on its memory. edge serve starts it by itself for the
scopes that scripts.isolation names, and talks to it over a socket that it inherits.`,
		Example: `  FACET_SCRIPTS_ISOLATION='{ default: process }' edge serve --config edge.yaml`,
		Args:    takes(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if !worker.Started(os.Getenv) {
				return usageError{fault.New(fault.Invalid, "edge script-worker is started by edge itself")}
			}
			defer (&heapFloor{floor: workerHeapFloor}).keep()()
			if code := worker.Main(s.Err); code != 0 {
				return errFailed
			}
			return nil
		},
	}
}

// workerHeapFloor is the heap, in bytes, below which a child does not collect: its few MiB would be collected dozens of times a
// second by what one request makes (a handler may make 30 MiB in its 50 ms). There are as many children as tenants, so it is less than an
// instance's.
const workerHeapFloor = 24 << 20

// How the code of a package is kept from the rest of the process.
const (
	isolationNone    = "none"    // by the engine's limits alone
	isolationProcess = "process" // in a process of its tenant's, too
)

// workers say whose packages run in processes of their own. nil: nobody's.
type workers struct {
	rules map[string]string // by npm scope, "@partner"; "default" is for all others
	pool  *worker.Pool
	ended *prometheus.CounterVec
}

// open starts the processes that a configuration asks for. Whoever called it closes what it gives.
func (c *scriptsConfig) open(log zerolog.Logger, registry *prometheus.Registry) (*workers, error) {
	if !c.isolates() {
		return nil, nil
	}
	w := &workers{rules: c.Isolation, ended: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "edge_script_workers_ended_total", Help: "Script workers that ended without being asked to, by tenant."}, []string{"tenant"})}
	o := c.Workers.options()
	o.Ended = func(tenant, why string) {
		w.ended.WithLabelValues(tenant).Inc()
		log.Warn().Str("tenant", tenant).Str("reason", why).Msg("a script worker ended")
	}
	var err error
	if w.pool, err = worker.NewPool(o); err != nil {
		return nil, err
	}
	registry.MustRegister(w)
	return w, nil
}

// isolates says whether any package runs in a process of its own.
func (c *scriptsConfig) isolates() bool {
	for _, how := range c.Isolation {
		if how == isolationProcess {
			return true
		}
	}
	return false
}

func (c workersConfig) options() worker.Options {
	o := worker.Options{Memory: int64(c.Memory), BuildMemory: int64(c.BuildMemory), BuildTime: c.BuildTime, Children: c.Most, Idle: c.Idle, Nice: c.Nice}
	if o.Nice == 0 {
		o.Nice = -1
	}
	return o
}

// Close ends the processes.
func (w *workers) Close() {
	if w != nil {
		w.pool.Close()
	}
}

// takes says whether a package runs in a process of its own.
func (w *workers) takes(pkg string) bool {
	if w == nil {
		return false
	}
	how, ok := w.rules[worker.Tenant(pkg)]
	if !ok {
		how = w.rules["default"]
	}
	return how == isolationProcess
}

// functions opens the computed functions of a build, where its package is to run.
func (w *workers) functions(b *view.Build, o scripts.RunOptions) (scripts.Callable, error) {
	if w.takes(b.Package) && len(b.Funcs) > 0 {
		return w.pool.Open(b, o)
	}
	return scripts.Open(b, o)
}

// handlers opens the handlers of a build, where its package is to run; nil if it has none.
func (w *workers) handlers(b *view.Build, o scripts.RunOptions) (scripts.Handlers, error) {
	if w.takes(b.Package) && len(b.Handlers) > 0 {
		return w.pool.OpenHandlers(b, o)
	}
	return openHandlers(b, o)
}

// build is control's building, where the package is to run.
func (w *workers) build(ctx context.Context, in control.Input) (*view.Build, fault.Diagnostics, error) {
	if w.takes(in.Package.Manifest.Name) || in.Lock != nil && w != nil && slices.ContainsFunc(in.Lock.Order(), func(m *pack.Package) bool { return w.takes(m.Manifest.Name) }) {
		b, ds, err := w.pool.Build(ctx, in.Package, in.Lock, in.Graph, scripts.Options{})
		if err == nil && b != nil && !ds.Failed() { // what it built is data: whether it stays within its budget is proved here
			ds = append(ds, budgetMistakes(b, in.Graph)...)
		}
		return b, ds, err
	}
	return buildWith(ctx, in)
}

var workersRunning = prometheus.NewDesc("edge_script_workers", "Script workers that run, by tenant.", []string{"tenant"}, nil)

// Describe implements prometheus.Collector.
func (w *workers) Describe(out chan<- *prometheus.Desc) {
	out <- workersRunning
	w.ended.Describe(out)
}

// Collect implements prometheus.Collector.
func (w *workers) Collect(out chan<- prometheus.Metric) {
	for _, c := range w.pool.Children() {
		out <- prometheus.MustNewConstMetric(workersRunning, prometheus.GaugeValue, 1, c.Tenant)
	}
	w.ended.Collect(out)
}

// checkWorkers says what is wrong with whose packages run where.
func checkWorkers(c *scriptsConfig, wrong complain) {
	for scope, how := range c.Isolation {
		key := "scripts.isolation." + scope
		if how != isolationNone && how != isolationProcess {
			wrong(key, didYouMean(how, []string{isolationNone, isolationProcess}), "it is none or process, not %q", how)
		}
		if strings.Contains(scope, "/") {
			wrong(key, "name the scope alone: its packages share a process", "%q is a package, not a scope", scope)
		}
	}
	if c.Workers.Memory < leastWorker {
		wrong("scripts.workers.memory", "", "a worker needs %v", byteSize(leastWorker))
	}
	if c.Workers.BuildMemory < 2*leastWorker {
		wrong("scripts.workers.buildMemory", "", "recording a package needs %v", byteSize(2*leastWorker))
	}
	for key, d := range map[string]time.Duration{"buildTime": c.Workers.BuildTime, "idle": c.Workers.Idle} {
		if d <= 0 {
			wrong("scripts.workers."+key, "", "it must be above 0")
		}
	}
	if c.Workers.Most <= 0 {
		wrong("scripts.workers.most", "", "it must be above 0")
	}
	if c.Workers.Nice < 0 || c.Workers.Nice > 19 {
		wrong("scripts.workers.nice", "", "it is from 0 to 19, not %d", c.Workers.Nice)
	}
}

// leastWorker is the memory without which a worker does not even start.
const leastWorker = 64 << 20
