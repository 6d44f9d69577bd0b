package embedded_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"facet/fault"
	"facet/storage"
	"facet/storage/embedded"
	"facet/storage/s3"
	"facet/storage/storagetest"
)

// The test binary is the child, the parent that dies, or the tests.
func TestMain(m *testing.M) {
	if cfg, ok := embedded.FromEnv(os.Getenv); ok {
		os.Exit(embedded.Main(cfg, os.Stdin, os.Stdout, os.Stderr))
	}
	if dir := os.Getenv("TEST_PARENT_DIR"); dir != "" {
		_ = os.Unsetenv("TEST_PARENT_DIR")
		server, err := embedded.Start(context.Background(), embedded.Options{Dir: dir})
		if err != nil {
			panic(err)
		}
		fmt.Println(server.S3.Endpoint)
		_, _ = io.Copy(io.Discard, os.Stdin) // until the test kills this process
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func start(t *testing.T, dir string) *embedded.Server {
	t.Helper()
	server, err := embedded.Start(t.Context(), embedded.Options{Dir: dir, Log: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server
}

func open(t *testing.T, cfg s3.Config) *s3.Store {
	t.Helper()
	store, err := s3.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return store
}

func TestStore(t *testing.T) {
	server := start(t, t.TempDir())
	n := 0
	storagetest.Run(t, func(t *testing.T) storage.Store {
		n++
		cfg := server.S3
		cfg.Bucket = fmt.Sprintf("suite-%d", n)
		store := open(t, cfg)
		if err := store.Ensure(t.Context()); err != nil {
			t.Fatal(err)
		}
		return store
	})
}

func TestCutInTheMiddleOfAPut(t *testing.T) {
	server := start(t, t.TempDir())
	direct := open(t, server.S3)
	proxy := storagetest.NewProxy(t, server.S3.Endpoint)
	cfg := server.S3
	cfg.Endpoint, cfg.Timeout, cfg.Attempts = proxy.Endpoint, 5*time.Second, 1
	cut := open(t, cfg)
	old, next := bytes.Repeat([]byte("o"), 1000), bytes.Repeat([]byte("n"), 1<<20)
	first, err := direct.Put(t.Context(), "replaced", old, storage.PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, after := range []int64{10, 500, 2000, 300_000, 1 << 20} {
		for key, opts := range map[string]storage.PutOptions{"created": {IfAbsent: true}, "replaced": {IfMatch: first.ETag}, "plain": {}} {
			proxy.CutAfter(after)
			if _, err := cut.Put(t.Context(), key, next, opts); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("put %s cut after %d bytes: %v, want unavailable", key, after, err)
			}
		}
		var keys []string
		for info, err := range direct.List(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, info.Key)
		}
		if fmt.Sprint(keys) != "[replaced]" {
			t.Errorf("cut after %d bytes: the store lists %v, want [replaced]", after, keys)
		}
		if obj, err := direct.Get(t.Context(), "replaced", storage.GetOptions{}); err != nil || !bytes.Equal(obj.Body, old) {
			t.Errorf("cut after %d bytes: the old object has %d bytes, %v", after, len(obj.Body), err)
		}
	}
	// A write that lands while its answer is lost counts once.
	proxy.Heal()
	calls := 0
	_, err = storage.Update(t.Context(), cut, "pointer", storage.UpdateOptions{}, func(before []byte) ([]byte, error) {
		calls++
		if calls == 1 {
			proxy.Mute()
			go func() { time.Sleep(300 * time.Millisecond); proxy.Heal() }()
		}
		return append(bytes.Clone(before), 'x'), nil
	})
	if obj, _ := direct.Get(t.Context(), "pointer", storage.GetOptions{}); err != nil || string(obj.Body) != "x" {
		t.Errorf("the object is %q, %v after %d calls; want x once", obj.Body, err, calls)
	}
}

func TestServerKilledInTheMiddleOfAPut(t *testing.T) {
	dir := t.TempDir()
	server := start(t, dir)
	direct := open(t, server.S3)
	old := []byte("old")
	if _, err := direct.Put(t.Context(), "k", old, storage.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	proxy := storagetest.NewProxy(t, server.S3.Endpoint)
	cfg := server.S3
	cfg.Endpoint = proxy.Endpoint
	through := open(t, cfg)
	done := make(chan error, 1)
	go func() {
		_, err := through.Put(t.Context(), "k", bytes.Repeat([]byte("n"), 64<<20), storage.PutOptions{IfMatch: "0"})
		_, err2 := through.Put(t.Context(), "new", bytes.Repeat([]byte("n"), 64<<20), storage.PutOptions{IfAbsent: true})
		done <- fmt.Errorf("%w; %w", err, err2)
	}()
	time.Sleep(20 * time.Millisecond)
	server.Kill()
	if err := <-done; !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("got %v, want unavailable", err)
	}
	if _, err := direct.Get(t.Context(), "k", storage.GetOptions{}); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("get from a dead server: %v, want unavailable", err)
	}
	again := open(t, start(t, dir).S3)
	if obj, err := again.Get(t.Context(), "k", storage.GetOptions{}); err != nil || !bytes.Equal(obj.Body, old) {
		t.Errorf("after the restart: %d bytes, %v; want the old object", len(obj.Body), err)
	}
	if _, err := again.Head(t.Context(), "new"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("after the restart: %v, want that the new object is not there", err)
	}
}

func TestChildDiesWithItsParent(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	parent := exec.Command(exe)
	parent.Env = append(os.Environ(), "TEST_PARENT_DIR="+t.TempDir())
	stdin, _ := parent.StdinPipe()
	defer stdin.Close()
	stdout, _ := parent.StdoutPipe()
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 200)
	n, err := stdout.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	endpoint := strings.TrimSpace(string(line[:n]))
	_ = parent.Process.Kill()
	_ = parent.Wait()
	store := open(t, s3.Config{Endpoint: endpoint, Bucket: "facet", AccessKey: "a", SecretKey: "b", Attempts: 1})
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err = store.Get(t.Context(), "k", storage.GetOptions{}); fault.KindOf(err) == fault.Unavailable {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the child outlives its parent: %v", err)
		}
	}
}

func TestStartFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := embedded.Start(t.Context(), embedded.Options{Dir: file})
	if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("a file for a directory: %v", err)
	}
	_, err = embedded.Start(t.Context(), embedded.Options{Dir: t.TempDir(), Exe: filepath.Join(t.TempDir(), "none")})
	if fault.KindOf(err) != fault.Unavailable {
		t.Errorf("no such program: %v", err)
	}
	_, err = embedded.Start(t.Context(), embedded.Options{Dir: t.TempDir(), Exe: "/bin/sleep", Args: []string{"5"}, Wait: 100 * time.Millisecond})
	if fault.KindOf(err) != fault.Timeout {
		t.Errorf("a program that never answers: %v", err)
	}
}

func TestWrongCredentials(t *testing.T) {
	server := start(t, t.TempDir())
	cfg := server.S3
	cfg.SecretKey = "wrong"
	if _, err := open(t, cfg).Get(t.Context(), "k", storage.GetOptions{}); fault.KindOf(err) != fault.Unauthorized {
		t.Errorf("a wrong secret: %v", err)
	}
	cfg = server.S3
	cfg.Bucket = "elsewhere"
	if _, err := open(t, cfg).Get(t.Context(), "k", storage.GetOptions{}); fault.KindOf(err) != fault.Unavailable || fault.HintOf(err) == "" {
		t.Errorf("no bucket: %v, want unavailable with a hint", err)
	}
}
