package storage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"time"

	"facet/fault"
)

// DigestName is the metadata name under which PutImmutable notes the digest of the body.
const DigestName = "digest"

// Digest is "sha256:" and the SHA-256 of the bytes in lower case hex.
func Digest(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// A body longer than this is not sent before a look whether it is there already.
const wasteful = 256 << 10

// PutImmutable creates an object that will never change and notes its digest
// in the metadata. Putting the same bytes again is no error and writes nothing;
// other bytes under a taken key are a Conflict. It sends the write up to four
// times if the server asks for it or does not answer.
func PutImmutable(ctx context.Context, s Store, key string, body []byte, opts PutOptions) (Info, error) {
	opts.IfAbsent, opts.IfMatch = true, ""
	opts.Metadata = withDigest(opts.Metadata, Digest(body))
	for attempt := 0; ; attempt++ {
		if len(body) > wasteful {
			if there, err := s.Head(ctx, key); err == nil && there.Size == int64(len(body)) && there.Metadata[DigestName] == opts.Metadata[DigestName] {
				return there, nil
			}
		}
		info, err := s.Put(ctx, key, body, opts)
		switch {
		case err == nil:
			return info, nil
		case again(ctx, err):
			if attempt == 3 {
				return Info{}, err
			}
			if err := pause(ctx, attempt); err != nil {
				return Info{}, err
			}
			continue
		case fault.KindOf(err) != fault.Conflict:
			return Info{}, err
		}
		old, err := s.Get(ctx, key, GetOptions{MaxBytes: int64(len(body))})
		switch {
		case err == nil && bytes.Equal(old.Body, body):
			return old.Info, nil
		case err == nil || fault.KindOf(err) == fault.TooLarge:
			return Info{}, &fault.Error{Kind: fault.Conflict, Op: "storage.immutable", Subject: key, Message: "this key already holds other bytes, and it may never change"}
		case fault.KindOf(err) == fault.NotFound && attempt < 3: // swept in between
			continue
		}
		return Info{}, err
	}
}

// GetVerified reads an object of at most max bytes (0 means DefaultRead) and
// compares it with its digest. Other bytes are a BadAnswer with ErrDigest in its chain.
func GetVerified(ctx context.Context, r Reader, key, digest string, max int64) (Object, error) {
	obj, err := r.Get(ctx, key, GetOptions{MaxBytes: max})
	if err != nil {
		return Object{}, err
	}
	if err := Verify(key, obj.Body, digest); err != nil {
		return Object{}, err
	}
	return obj, nil
}

// Verify is nil if the bytes have the digest, else a BadAnswer with ErrDigest in its chain.
func Verify(subject string, body []byte, digest string) error {
	got := Digest(body)
	if got == digest {
		return nil
	}
	return &fault.Error{
		Kind: fault.BadAnswer, Op: "storage.verify", Subject: subject,
		Message: fmt.Sprintf("the bytes have the digest %s, not %s", got, digest), Err: ErrDigest,
		Hint: "the object was changed in the store: restore it, or publish again",
	}
}

func withDigest(m map[string]string, digest string) map[string]string {
	out := make(map[string]string, len(m)+1)
	maps.Copy(out, m)
	out[DigestName] = digest
	return out
}

// again says whether the same request may be sent once more: the server asked
// for it, or did not answer while the caller still waits.
func again(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	switch fault.KindOf(err) {
	case fault.Conflict:
		return errors.Is(err, ErrRetry)
	case fault.Unavailable, fault.Timeout:
		return true
	}
	return false
}

// pause waits a random time, longer with each attempt: 25 ms at most at first,
// 800 ms at most from the sixth on.
func pause(ctx context.Context, attempt int) error {
	longest := 25 * time.Millisecond << min(attempt, 5)
	t := time.NewTimer(rand.N(longest) + 1)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return fault.Wrap(fault.KindOf(ctx.Err()), "storage.wait", "", ctx.Err())
	}
}
