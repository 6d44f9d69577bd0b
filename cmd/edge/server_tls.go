package main

import (
	"crypto/tls"
	"os"
	"sync"
	"time"

	"facet/fault"
)

// certLook is how often a certificate's files are looked at, at most: at a handshake.
const certLook = time.Second

// A certificate is read from two files, again when they have changed. While what they hold does not fit together, as in the
// middle of a renewal, the one before is used.
type certificate struct {
	certFile, keyFile string
	report            func(error) // told when a changed pair cannot be used, and with nil when it is; may be nil

	mu     sync.Mutex
	pair   *tls.Certificate
	seen   [2]fileState
	looked time.Time
	failed string // the last error that was reported
}

// A fileState tells versions of a file apart.
type fileState struct {
	changed time.Time
	size    int64
}

// openCertificate reads the pair. An error is Invalid and names the file.
func openCertificate(certFile, keyFile string, report func(error)) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, report: report}
	if err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *certificate) load() error {
	var seen [2]fileState
	for i, name := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(name)
		if err != nil {
			return fault.Wrap(fault.Invalid, "read certificate", name, err)
		}
		seen[i] = fileState{info.ModTime(), info.Size()}
	}
	if c.pair != nil && seen == c.seen {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fault.Wrap(fault.Invalid, "read certificate", c.certFile, err)
	}
	fresh := c.pair != nil
	c.pair, c.seen, c.failed = &pair, seen, ""
	if fresh && c.report != nil {
		c.report(nil)
	}
	return nil
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) >= certLook {
		c.looked = now
		if err := c.load(); err != nil && err.Error() != c.failed {
			c.failed = err.Error()
			if c.report != nil {
				c.report(err)
			}
		}
	}
	return c.pair, nil
}

// config is what a listener serves with it. nil of a tlsConfig without a certificate.
func (t tlsConfig) config(report func(error)) (*tls.Config, error) {
	if t.Cert == "" {
		return nil, nil
	}
	c, err := openCertificate(t.Cert, t.Key, report)
	if err != nil {
		return nil, err
	}
	lowest := uint16(tls.VersionTLS12)
	if t.Min == "1.3" {
		lowest = tls.VersionTLS13
	}
	return &tls.Config{MinVersion: lowest, GetCertificate: c.get}, nil
}
