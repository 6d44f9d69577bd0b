// Package artworkpb is the artwork tier's gRPC contract: artwork.proto, and the Go that follows from it.
package artworkpb

//go:generate go run ./gen
