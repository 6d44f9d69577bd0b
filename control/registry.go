package control

import (
	"context"
	"time"

	"facet/pack"
)

// A GraphVersion is one published version of the graph.
type GraphVersion struct {
	Version   string
	Digest    string
	Bytes     int64
	Published time.Time
}

// Packages lists the names of what is published, sorted.
func (c *Control) Packages(ctx context.Context) ([]string, error) {
	return nil, nil
}

// SetTag makes a dist-tag mean a version that is published.
func (c *Control) SetTag(ctx context.Context, name, tag, version string) (pack.Index, error) {
	return pack.Index{}, nil
}

// RemoveTag takes a dist-tag away; "latest" stays, as it is what no version means.
func (c *Control) RemoveTag(ctx context.Context, name, tag string) (pack.Index, error) {
	return pack.Index{}, nil
}

// Deprecate notes on every version in a range why it should not be used any more; the message "" takes that back.
func (c *Control) Deprecate(ctx context.Context, name, versions, message string) (pack.Index, error) {
	return pack.Index{}, nil
}

// Graphs lists the graph versions, highest first.
func (c *Control) Graphs(ctx context.Context) ([]GraphVersion, error) {
	return nil, nil
}
