// Package embedded is a real S3 server over a local directory, run as a child of the program that uses it.
//
// The server changes its process's working directory and allows one of itself
// per process, so it has a process of its own: the same binary, started again.
// Run is that child's main; Start is what its parent calls. A test binary can
// be the child too: its TestMain asks FromEnv first.
package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
	"github.com/versity/versitygw/s3api"

	"facet/fault"
)

// The environment in which a parent tells its child what to serve.
const (
	envDir    = "FACET_STORE_DIR"
	envAddr   = "FACET_STORE_ADDR"
	envAccess = "FACET_STORE_ACCESS_KEY"
	envSecret = "FACET_STORE_SECRET_KEY"
)

// The line by which a child says where it listens; everything else it prints is log.
const readyPrefix = "facet store ready at "

const healthPath = "/-/health"

// A Config is what the child serves.
type Config struct {
	Dir       string // objects lie in Dir/data; made if missing
	Addr      string // host:port; "" is 127.0.0.1:0, port 0 is any free one
	AccessKey string
	SecretKey string

	// Ready is told the endpoint, once, when the server answers; may be nil.
	Ready func(endpoint string)
}

// FromEnv is the configuration that Start gave this process, and whether it is
// a child of Start at all.
func FromEnv(getenv func(string) string) (Config, bool) {
	c := Config{Dir: getenv(envDir), Addr: getenv(envAddr), AccessKey: getenv(envAccess), SecretKey: getenv(envSecret)}
	return c, c.Dir != "" && c.AccessKey != "" && c.SecretKey != ""
}

// Main serves as the child of Start until the parent closes stdin (which the
// kernel does if the parent dies), and returns the exit code of the process.
func Main(cfg Config, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	// Ctrl-C in a terminal reaches the parent too, which still writes while it ends.
	signal.Ignore(os.Interrupt)
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		cancel()
	}()
	cfg.Ready = func(endpoint string) { fmt.Fprintf(stdout, "%s%s\n", readyPrefix, endpoint) }
	if err := Run(ctx, cfg); err != nil {
		fmt.Fprintf(stderr, "store: %v\n", err)
		if hint := fault.HintOf(err); hint != "" {
			fmt.Fprintf(stderr, "store: %s\n", hint)
		}
		return 1
	}
	return 0
}

// Run serves until ctx ends, then stops gently and returns nil. It may be called
// once per process, and changes the working directory. It is Invalid if the
// directory cannot hold a store, Unavailable if the address cannot be had.
func Run(ctx context.Context, cfg Config) error {
	dir, err := filepath.Abs(filepath.Join(cfg.Dir, "data"))
	if err != nil {
		return fault.Wrap(fault.Invalid, "store", cfg.Dir, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fault.Wrap(fault.Invalid, "store", dir, err)
	}
	var attrs meta.XattrMeta
	if err := attrs.Test(dir); err != nil {
		// The server could keep ETags in files beside the objects, but then an
		// object and its ETag would not change in one step.
		return fault.Wrap(fault.Invalid, "store", dir, err).WithHint("choose a directory on a disk with extended attributes (ext4, xfs, btrfs, zfs, apfs)")
	}
	backend, err := posix.New(dir, attrs, posix.PosixOpts{ValidateBucketNames: true})
	if err != nil {
		return fault.Wrap(fault.Invalid, "store", dir, err)
	}
	for range 5 {
		// The server does not say which port it got for :0, so one is chosen
		// here; should somebody take it in between, the next is tried.
		addr, chosen, err := address(cfg.Addr)
		if err != nil {
			return err
		}
		err = serve(ctx, backend, addr, cfg)
		if chosen && errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		return err
	}
	return fault.New(fault.Unavailable, "no free port for the store")
}

func serve(ctx context.Context, backend *posix.Posix, addr string, cfg Config) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- embedgw.RunVersityGW(ctx, backend, &embedgw.Config{
			RootUserAccess: cfg.AccessKey, RootUserSecret: cfg.SecretKey,
			Ports: []string{addr}, MaxConnections: 4096, MaxRequests: 1024, MultipartMaxParts: 10000,
			KeepAlive: true, Quiet: true, HealthPath: healthPath,
			S3Options: []s3api.Option{s3api.WithMiddleware("/", drain)},
		})
	}()
	ready := make(chan struct{})
	go func() {
		if answers(ctx, "http://"+addr+healthPath) {
			close(ready)
		}
	}()
	for {
		select {
		case <-ready:
			if cfg.Ready != nil {
				cfg.Ready("http://" + addr)
			}
			ready = nil
		case err := <-done:
			if err == nil || (ctx.Err() != nil && errors.Is(err, context.Canceled)) {
				return nil
			}
			return fault.Wrap(fault.Unavailable, "store", addr, err)
		}
	}
}

// answers waits until the address answers, or ctx ends.
func answers(ctx context.Context, url string) bool {
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return false
		}
		if resp, err := client.Do(req); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return true
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
	}
}

// address is the one to listen on, and whether its port was chosen here.
func address(addr string) (string, bool, error) {
	addr = cmp.Or(addr, "127.0.0.1:0")
	if !strings.HasSuffix(addr, ":0") {
		return addr, false, nil
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", false, fault.Wrap(fault.Unavailable, "store", addr, err)
	}
	defer l.Close()
	return l.Addr().String(), true, nil
}
