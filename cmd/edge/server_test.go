package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"facet/fault"
)

// A rig is one instance of a test: a door for devices that answers slowly enough to be caught by the end.
type rig struct {
	base string
	end  context.CancelFunc
	done chan error
	seen atomic.Int64 // requests of devices that were begun
}

func startRig(t *testing.T, c doorConfig, s stop) *rig {
	t.Helper()
	l, err := listen("127.0.0.1:0", "--listen")
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{base: "http://" + l.Addr().String(), done: make(chan error, 1)}
	if c.TLS != nil {
		r.base = "https://" + l.Addr().String()
	}
	f := &front{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, req *http.Request) {
		if f.gate.draining.Load() {
			drained(w, req)
		}
	})
	mux.HandleFunc("/web/v1/home", func(w http.ResponseWriter, req *http.Request) {
		r.seen.Add(1)
		body, _ := io.ReadAll(req.Body)
		time.Sleep(5 * time.Millisecond)
		_, _ = w.Write(body)
	})
	ctx, end := context.WithCancel(context.Background())
	r.end = end
	s.Draining = func() { f.gate.draining.Store(true) }
	go func() { r.done <- serveAll(ctx, s, newDoor("devices", l, f.gate.handler(mux), c)) }()
	t.Cleanup(func() {
		end()
		<-r.done
		close(r.done)
	})
	return r
}

// TestDrain is the proof of a stop without a failed request. Two instances stand behind a balancer that asks /readyz more often than
// the drain delay is long; it retries nothing. Twelve clients keep their connections and send POSTs. One instance ends under
// that load. Over HTTP/1.1 net/http can retry nothing either: a body cannot be had again. Over HTTP/2 it may send again what the
// server's GOAWAY says was never begun, as every client may (RFC 9113, 8.7). Each request is answered, and begun exactly once.
func TestDrain(t *testing.T) {
	cert, pool := testCertificate(t, "one")
	for _, c := range []struct {
		name      string
		door      doorConfig
		protocols func(*http.Protocols)
		tls       *tls.Config
		once      bool // bodies cannot be sent again
	}{
		{"HTTP/1.1", doorConfig{}, func(p *http.Protocols) { p.SetHTTP1(true) }, nil, true},
		{"h2c", doorConfig{H2C: true}, func(p *http.Protocols) { p.SetUnencryptedHTTP2(true) }, nil, false},
		{"HTTP/2", doorConfig{TLS: &tls.Config{Certificates: []tls.Certificate{cert}}}, func(p *http.Protocols) { p.SetHTTP2(true) }, &tls.Config{RootCAs: pool}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			drain := func() (wrong string, starved bool) {
				ending := stop{Delay: 400 * time.Millisecond, For: 5 * time.Second}
				a, b := startRig(t, c.door, ending), startRig(t, c.door, ending)
				protocols := new(http.Protocols)
				c.protocols(protocols)
				transport := &http.Transport{Protocols: protocols, TLSClientConfig: c.tls, MaxIdleConnsPerHost: 20}
				defer transport.CloseIdleConnections()
				client := &http.Client{Transport: transport, Timeout: 5 * time.Second}

				var ready [2]atomic.Bool
				var noticed atomic.Int64 // when the balancer saw that the one ends
				ctx, cancel := context.WithCancel(context.Background())
				var wg sync.WaitGroup
				for i, r := range []*rig{a, b} {
					ready[i].Store(true)
					wg.Go(func() {
						for ctx.Err() == nil {
							res, err := client.Get(r.base + "/readyz")
							ok := err == nil && res.StatusCode == http.StatusOK
							if err == nil {
								_, _ = io.Copy(io.Discard, res.Body)
								_ = res.Body.Close()
							}
							ready[i].Store(ok)
							if i == 0 && !ok {
								noticed.CompareAndSwap(0, time.Now().UnixNano())
							}
							time.Sleep(20 * time.Millisecond)
						}
					})
				}
				var answered [2]atomic.Int64
				var failed atomic.Int64
				var once sync.Once
				for n := range 12 {
					wg.Go(func() {
						for turn := n; ctx.Err() == nil; turn++ {
							i := turn % 2
							if !ready[i].Load() {
								i = 1 - i
							}
							if !ready[i].Load() {
								continue
							}
							base := []string{a.base, b.base}[i]
							var sent io.Reader = strings.NewReader("hello")
							if c.once {
								sent = io.MultiReader(sent) // cannot be had again
							}
							res, err := client.Post(base+"/web/v1/home", "text/plain", sent)
							var body []byte
							if err == nil {
								body, err = io.ReadAll(res.Body)
								_ = res.Body.Close()
							}
							if err != nil || string(body) != "hello" {
								failed.Add(1)
								once.Do(func() { wrong = fmt.Sprintf("a request failed: %v %q; ", err, body) })
								continue
							}
							answered[i].Add(1)
						}
					})
				}
				time.Sleep(300 * time.Millisecond)
				before := answered[0].Load()
				ended := time.Now()
				a.end()
				if err := <-a.done; err != nil {
					t.Error("the instance that ended:", err)
				}
				a.done <- nil // for the cleanup
				time.Sleep(200 * time.Millisecond)
				cancel()
				wg.Wait()
				if before == 0 || answered[1].Load() == 0 || failed.Load() > 0 {
					wrong += fmt.Sprintf("%d and %d answered, %d failed; ", before, answered[1].Load(), failed.Load())
				}
				all := answered[0].Load() + answered[1].Load()
				if begun := a.seen.Load() + b.seen.Load(); begun != all+failed.Load() {
					wrong += fmt.Sprintf("%d requests were begun %d times", all, begun)
				}
				t.Logf("%d answered, %d failed", all, failed.Load())
				return wrong, time.Unix(0, noticed.Load()).Sub(ended) > ending.Delay/2
			}
			wrong, starved := drain()
			for try := 0; try < 3 && wrong != "" && starved; try++ { // the balancer itself found no processor within the drain delay
				wrong, starved = drain()
			}
			if wrong != "" {
				t.Error(wrong)
			}
		})
	}
}

func TestStopCuts(t *testing.T) {
	l, err := listen("127.0.0.1:0", "--listen")
	if err != nil {
		t.Fatal(err)
	}
	under := make(chan struct{})
	release := make(chan struct{})
	defer close(release)
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(under)
		<-release
	})
	ctx, cancel := context.WithCancel(context.Background())
	now := make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- serveAll(ctx, stop{Delay: time.Hour, For: time.Hour, Now: now}, newDoor("devices", l, h, doorConfig{}))
	}()
	go func() {
		if res, err := http.Get("http://" + l.Addr().String()); err == nil {
			_ = res.Body.Close()
		}
	}()
	<-under
	cancel()
	select {
	case err := <-done:
		t.Fatal("it ended before its delay:", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(now) // the second signal
	if err := <-done; !errors.Is(err, errCut) {
		t.Errorf("got %v, want errCut", err)
	}
}

func TestProtocols(t *testing.T) {
	cert, pool := testCertificate(t, "one")
	answer := func(t *testing.T, base string, set func(*http.Protocols), version uint16) (string, error) {
		t.Helper()
		p := new(http.Protocols)
		set(p)
		tr := &http.Transport{Protocols: p, TLSClientConfig: &tls.Config{RootCAs: pool, MaxVersion: version}}
		defer tr.CloseIdleConnections()
		res, err := (&http.Client{Transport: tr, Timeout: 5 * time.Second}).Get(base + "/web/v1/home")
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		return res.Proto, nil
	}
	h1, h2, h2c := func(p *http.Protocols) { p.SetHTTP1(true) }, func(p *http.Protocols) { p.SetHTTP2(true) }, func(p *http.Protocols) { p.SetUnencryptedHTTP2(true) }
	plain := startRig(t, doorConfig{H2C: true, MaxStreams: 10}, stop{For: time.Second})
	secure := startRig(t, doorConfig{TLS: &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}}}, stop{For: time.Second})
	only1 := startRig(t, doorConfig{}, stop{For: time.Second})
	for _, c := range []struct {
		name, base string
		set        func(*http.Protocols)
		version    uint16
		want       string
	}{
		{"plain text", plain.base, h1, 0, "HTTP/1.1"},
		{"h2c", plain.base, h2c, 0, "HTTP/2.0"},
		{"TLS", secure.base, h1, 0, "HTTP/1.1"},
		{"HTTP/2", secure.base, h2, 0, "HTTP/2.0"},
		{"TLS 1.2", secure.base, h2, tls.VersionTLS12, "HTTP/2.0"},
		{"TLS 1.1", secure.base, h1, tls.VersionTLS11, ""},
		{"h2c where it is off", only1.base, h2c, 0, ""},
	} {
		got, err := answer(t, c.base, c.set, c.version)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s: got %q %v, want %q", c.name, got, err, c.want)
		}
	}
}

func TestConnectionLimit(t *testing.T) {
	r := startRig(t, doorConfig{MaxConnections: 2}, stop{For: time.Second})
	address := strings.TrimPrefix(r.base, "http://")
	var held []net.Conn
	for range 2 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
		fmt.Fprint(c, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
		if _, err := c.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	third, err := net.Dial("tcp", address) // the kernel takes it
	if err != nil {
		t.Fatal(err)
	}
	defer third.Close()
	fmt.Fprint(third, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
	_ = third.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if _, err := third.Read(make([]byte, 1)); err == nil {
		t.Fatal("a third connection was answered")
	}
	_ = held[0].Close()
	_ = third.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := third.Read(make([]byte, 1)); err != nil {
		t.Error("the third connection had no turn after the first ended:", err)
	}
	_ = held[1].Close()
}

func TestCertificateReload(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	writeCertificate(t, certFile, keyFile, "one")
	var said []error
	c, err := openCertificate(certFile, keyFile, func(err error) { said = append(said, err) })
	if err != nil {
		t.Fatal(err)
	}
	name := func() string {
		c.looked = time.Time{}
		pair, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(pair.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return leaf.Subject.CommonName
	}
	if got := name(); got != "one" {
		t.Errorf("got %s", got)
	}
	older := time.Now().Add(-time.Minute) // a new time even where files have whole seconds
	if err := os.WriteFile(certFile, []byte("half a fi"), 0o600); err != nil {
		t.Fatal(err)
	}
	_ = os.Chtimes(certFile, older, older)
	if got := name(); got != "one" || len(said) != 1 || said[0] == nil {
		t.Errorf("a broken file: got %s, said %v", got, said)
	}
	if name(); len(said) != 1 {
		t.Errorf("the same error was said twice: %v", said)
	}
	writeCertificate(t, certFile, keyFile, "two")
	if got := name(); got != "two" || len(said) != 2 || said[1] != nil {
		t.Errorf("after the renewal: got %s, said %v", got, said)
	}
	if _, err := openCertificate(filepath.Join(dir, "none"), keyFile, nil); err == nil {
		t.Error("a missing file is no error")
	}
}

// TestConfiguredDoor: what the configuration says of TLS is what a listener does, and a renewed pair is served without a restart.
func TestConfiguredDoor(t *testing.T) {
	dir := t.TempDir()
	c := tlsConfig{Cert: filepath.Join(dir, "tls.crt"), Key: filepath.Join(dir, "tls.key"), Min: "1.3"}
	writeCertificate(t, c.Cert, c.Key, "one")
	var ds doorList
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) })
	if err := ds.open("devices", "EDGE_URL", "127.0.0.1:0", "serve.listen", c, h, defaultConfig().Serve.door(), zerolog.Nop()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- serveAll(ctx, stop{For: time.Second}, ds.list...) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	address := ds.list[0].listener.Addr().String()
	if want := "EDGE_URL=https://" + address + "\n"; ds.said != want {
		t.Errorf("it announces %q, want %q", ds.said, want)
	}
	name := func() string {
		conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		s := conn.ConnectionState()
		if s.NegotiatedProtocol != "h2" || s.Version != tls.VersionTLS13 {
			t.Errorf("it speaks %q over TLS %x", s.NegotiatedProtocol, s.Version)
		}
		return s.PeerCertificates[0].Subject.CommonName
	}
	if got := name(); got != "one" {
		t.Errorf("got the certificate %q", got)
	}
	if _, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}); err == nil {
		t.Error("TLS 1.2 is taken where the configuration wants 1.3")
	}
	writeCertificate(t, c.Cert, c.Key, "two")
	for deadline := time.Now().Add(patience); name() != "two"; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the renewed certificate is not served")
		}
	}
	c.Key = filepath.Join(dir, "none")
	if err := ds.open("devices", "EDGE_URL", "127.0.0.1:0", "serve.listen", c, h, doorConfig{}, zerolog.Nop()); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a missing key: %v", err)
	}
}

func testCertificate(t *testing.T, name string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "c"), filepath.Join(dir, "k")
	writeCertificate(t, certFile, keyFile, name)
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return pair, pool
}

func writeCertificate(t *testing.T, certFile, keyFile, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	template.Subject.CommonName = name
	cert, err := x509.CreateCertificate(crand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: cert}, keyFile: {Type: "PRIVATE KEY", Bytes: der}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
