// Package brotli stands in for go.withmatt.com/connect-brotli, which the module proxy does not have: the router compiles against it, and uses it for calls to a control plane that it has none of here.
package brotli

import (
	"io"

	"connectrpc.com/connect"
	"github.com/andybalholm/brotli"
)

// Name is the encoding's.
const Name = "br"

// WithCompression lets a client send and read brotli.
func WithCompression() connect.ClientOption {
	return connect.WithAcceptCompression(Name,
		func() connect.Decompressor { return reader{brotli.NewReader(nil)} },
		func() connect.Compressor { return brotli.NewWriter(io.Discard) },
	)
}

type reader struct{ *brotli.Reader }

// Close has nothing to close.
func (reader) Close() error { return nil }
