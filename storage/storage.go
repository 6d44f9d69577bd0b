// Package storage is the contract of the one place that holds Facet's state: an object store whose writes can be conditional.
//
// Every error of a Store is a *fault.Error of one of these kinds, and no other:
//
//   - Invalid: the key or the options break the rules of CheckKey and CheckPut; nothing was sent.
//   - NotFound: Get and Head of a key that does not exist.
//   - Conflict: a conditional Put lost. If errors.Is(err, ErrRetry) the server saw
//     two writers at once and took neither (S3's 409): the same write may be sent
//     again after a random pause. Otherwise the condition was false (412): read
//     again, then decide.
//   - TooLarge: the object is longer than the reader allows, or than MaxBody.
//   - Unauthorized, Forbidden: the store does not accept the credentials.
//   - Timeout: the caller's deadline or the store's own limit passed.
//   - Canceled: the caller's context was cancelled.
//   - Unavailable: the store does not answer, or says that it cannot now.
//   - Internal: the store answered something that its protocol does not allow.
//
// A Put that fails with Timeout, Canceled, Unavailable or Internal may have
// happened or not, but never in part: a reader sees the old object or the new
// one, whole. Update settles that doubt by reading.
package storage

import (
	"context"
	"errors"
	"iter"
	"time"
)

// ErrRetry is in the chain of a Conflict that says nothing about the object:
// the server met two writers at once and asks for the same write again.
var ErrRetry = errors.New("two writers at once, send the same write again")

// ErrDigest is in the chain of an error about bytes that are not what their
// digest says. Waiting does not cure it.
var ErrDigest = errors.New("the bytes do not have the digest they should")

// The bounds of the contract, in bytes.
const (
	MaxBody     = 256 << 20 // the longest object that may be put
	DefaultRead = 64 << 20  // what Get reads at most if GetOptions.MaxBytes is 0
	MaxKey      = 1024      // the longest key
	MaxMetadata = 1024      // names and values of one object together
)

// A Store keeps objects under keys. All methods may be called from any
// goroutine. A read that follows a completed write sees that write or a later one.
type Store interface {
	Reader
	Writer
}

// A Reader is the half of a Store that changes nothing.
type Reader interface {
	// Get returns the whole object. If opts.IfNoneMatch is the ETag that the
	// object has now, the answer has Unchanged set, its Info's ETag and no body.
	Get(ctx context.Context, key string, opts GetOptions) (Object, error)
	// Head returns what Get would say, without the body.
	Head(ctx context.Context, key string) (Info, error)
	// List yields what is stored under every key with the prefix, in the order
	// of the keys' bytes, any number of them. Metadata and content type are not
	// filled in. After an error it yields nothing more. A key written or deleted
	// while the list runs may be in it or not; the others are in it once.
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]
}

// A Writer is the other half.
type Writer interface {
	// Put stores the body under the key in one step, if the conditions hold.
	// Without a condition it replaces what is there. The Info has Key, ETag and
	// Size. The body is not kept: the caller may reuse it.
	Put(ctx context.Context, key string, body []byte, opts PutOptions) (Info, error)
	// Delete removes the object; a key that does not exist is no error.
	Delete(ctx context.Context, key string) error
}

// GetOptions say when and how much to read.
type GetOptions struct {
	IfNoneMatch string // an ETag; "" reads always
	MaxBytes    int64  // a longer object is TooLarge; 0 means DefaultRead
}

// PutOptions say what an object is and on which condition it is written.
// IfMatch and IfAbsent exclude each other.
type PutOptions struct {
	IfMatch     string // write only if the object has this ETag; one that is gone is a Conflict
	IfAbsent    bool   // write only if there is no object (If-None-Match: *)
	ContentType string // "" is application/octet-stream
	Metadata    map[string]string
}

// An Info describes one object.
type Info struct {
	Key         string
	ETag        string // the version, without quotes; the same bytes may have the same ETag again
	Size        int64  // bytes
	Modified    time.Time
	ContentType string
	Metadata    map[string]string // names in lower case
}

// An Object is an Info and the bytes it is about.
type Object struct {
	Info
	Body      []byte
	Unchanged bool // the ETag asked with IfNoneMatch is still the object's; Body is nil
}
