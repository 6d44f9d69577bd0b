package storage

import (
	"bytes"
	"context"

	"facet/fault"
)

// UpdateOptions bound an Update and describe what it writes.
type UpdateOptions struct {
	Attempts    int   // how often it reads and writes at most; 0 means 10
	MaxBytes    int64 // the longest object it reads; 0 means DefaultRead
	ContentType string
	Metadata    map[string]string
}

// Update changes one object by reading it, asking change for the next bytes,
// and writing those on the condition that nobody wrote in between. If somebody
// did, it reads and asks again; if the server asks for patience it sends the
// same write again after a random pause.
//
// change gets nil if there is no object. It may run several times and must not
// keep or alter what it is given. Returning nil bytes ends the update without a
// write; returning an error ends it with that error.
//
// A write whose outcome is unknown (no answer came) is settled by reading: if
// the object then holds the bytes that were sent, the update is done. So two
// updates that mean different things must not write equal bytes.
//
// It returns what the object is now. Conflict means that every attempt lost.
func Update(ctx context.Context, s Store, key string, opts UpdateOptions, change func(old []byte) ([]byte, error)) (Info, error) {
	attempts := opts.Attempts
	if attempts <= 0 {
		attempts = 10
	}
	var sent []byte // a write whose outcome is unknown
	var last error
	for attempt := range attempts {
		if attempt > 0 {
			if err := pause(ctx, attempt-1); err != nil {
				return Info{}, err
			}
		}
		old, err := s.Get(ctx, key, GetOptions{MaxBytes: opts.MaxBytes})
		absent := fault.KindOf(err) == fault.NotFound
		if err != nil && !absent {
			if last = err; again(ctx, err) {
				continue
			}
			return Info{}, err
		}
		if sent != nil && !absent && bytes.Equal(old.Body, sent) {
			return old.Info, nil
		}
		var before []byte
		if !absent {
			if before = old.Body; before == nil {
				before = []byte{}
			}
		}
		next, err := change(before)
		if err != nil {
			return Info{}, err
		}
		if next == nil {
			return old.Info, nil
		}
		info, err := s.Put(ctx, key, next, PutOptions{
			IfMatch: old.ETag, IfAbsent: absent, ContentType: opts.ContentType, Metadata: withDigest(opts.Metadata, Digest(next)),
		})
		if err == nil {
			return info, nil
		}
		last = err
		switch {
		case fault.KindOf(err) == fault.Conflict:
		case again(ctx, err):
			sent = next
		default:
			return Info{}, err
		}
	}
	return Info{}, last
}
