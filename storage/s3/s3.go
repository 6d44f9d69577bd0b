// Package s3 is the store over any server that speaks S3 and honours If-Match and If-None-Match on PUT.
package s3

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"facet/fault"
	"facet/storage"
)

// A Config says where a bucket is and how long to wait for it. The secret is
// never printed.
type Config struct {
	Endpoint  string // http://host:port or https://host
	Region    string // "" is us-east-1
	Bucket    string
	AccessKey string
	SecretKey string
	Timeout   time.Duration // of one operation, retries included; 0 is 15 s
	Attempts  int           // of reads, lists, deletes and unconditional writes; 0 is 3
}

// String prints the place without the credentials.
func (c Config) String() string { return c.Endpoint + "/" + c.Bucket }

// GoString is String: %#v shows no secret either.
func (c Config) GoString() string { return c.String() }

// A Store is one bucket.
type Store struct {
	bucket    string
	timeout   time.Duration
	attempts  int
	transport *http.Transport
	repeat    minio.Core // may send a request again
	once      minio.Core // never does: a conditional write that landed would lose against itself
}

// Open checks the configuration and makes a client. It does not speak to the
// server; Ensure does. Close it when done.
func Open(cfg Config) (*Store, error) {
	u, err := url.Parse(cfg.Endpoint)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || strings.Trim(u.Path, "/") != "" {
		return nil, &fault.Error{Kind: fault.Invalid, Op: "s3.open", Subject: cfg.Endpoint, Message: "an endpoint is http://host:port or https://host"}
	}
	if cfg.Bucket == "" || cfg.AccessKey == "" || cfg.SecretKey == "" {
		return nil, &fault.Error{Kind: fault.Invalid, Op: "s3.open", Subject: cfg.String(), Message: "a bucket, an access key and a secret key are needed"}
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 15 * time.Second
	}
	if cfg.Attempts <= 0 {
		cfg.Attempts = 3
	}
	s := &Store{bucket: cfg.Bucket, timeout: cfg.Timeout, attempts: cfg.Attempts, transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 3 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: cfg.Timeout,
		ExpectContinueTimeout: time.Second,
		IdleConnTimeout:       time.Minute,
		MaxIdleConns:          64,
		MaxIdleConnsPerHost:   64,
		MaxConnsPerHost:       128,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true, // else a .tgz would be unpacked on the way
	}}
	for _, c := range []struct {
		to       *minio.Core
		attempts int
	}{{&s.repeat, cfg.Attempts}, {&s.once, 1}} {
		core, err := minio.NewCore(u.Host, &minio.Options{
			Creds:        credentials.NewStaticV4(cfg.AccessKey, cfg.SecretKey, ""),
			Secure:       u.Scheme == "https",
			Region:       cfg.Region,
			Transport:    s.transport,
			MaxRetries:   c.attempts,
			BucketLookup: minio.BucketLookupAuto,
		})
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, "s3.open", cfg.String(), err)
		}
		*c.to = *core
	}
	return s, nil
}

// Close ends idle connections. Operations under way go on.
func (s *Store) Close() { s.transport.CloseIdleConnections() }

// Ensure makes the bucket if it is not there yet. It is Unavailable if the server does not answer.
func (s *Store) Ensure(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	err := s.repeat.MakeBucket(ctx, s.bucket, minio.MakeBucketOptions{})
	switch minio.ToErrorResponse(err).Code {
	case "BucketAlreadyOwnedByYou", "BucketAlreadyExists":
		return nil
	}
	return translate(ctx, "ensure", s.bucket, err)
}

// Get implements storage.Reader. A body that ends too early, or is not the one that its ETag
// promises, is asked for again.
func (s *Store) Get(ctx context.Context, key string, opts storage.GetOptions) (storage.Object, error) {
	if err := storage.CheckKey(key); err != nil {
		return storage.Object{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	for attempt := 1; ; attempt++ {
		obj, again, err := s.get(ctx, key, opts)
		if err == nil || attempt >= again || ctx.Err() != nil {
			return obj, err
		}
	}
}

// byPath is the Server header of a server that finds an object's ETag and its bytes by path, one after the
// other: a write in between gives the ETag of one version with the bytes of the next. Its ETags are
// the MD5 of the bytes, which tells.
const byPath = "VERSITYGW"

// busy is how often a key is read that is written all the time; each takes about a millisecond.
const busy = 30

// get asks once. again is how many attempts its failure is worth.
func (s *Store) get(ctx context.Context, key string, opts storage.GetOptions) (_ storage.Object, again int, _ error) {
	var ask minio.GetObjectOptions
	if opts.IfNoneMatch != "" {
		if err := ask.SetMatchETagExcept(opts.IfNoneMatch); err != nil {
			return storage.Object{}, 0, fault.Wrap(fault.Invalid, "storage.get", key, err)
		}
	}
	body, stat, header, err := s.repeat.GetObject(ctx, s.bucket, key, ask)
	if minio.ToErrorResponse(err).StatusCode == http.StatusNotModified {
		return storage.Object{Info: storage.Info{Key: key, ETag: opts.IfNoneMatch}, Unchanged: true}, 0, nil
	}
	if err != nil {
		return storage.Object{}, 0, translate(ctx, "get", key, err)
	}
	defer body.Close()
	most := opts.MaxBytes
	if most <= 0 {
		most = storage.DefaultRead
	}
	if stat.Size > most {
		return storage.Object{}, 0, &fault.Error{Kind: fault.TooLarge, Op: "storage.get", Subject: key, Message: "the object is longer than its reader allows"}
	}
	if stat.Size < 0 {
		return storage.Object{}, 0, &fault.Error{Kind: fault.Internal, Op: "storage.get", Subject: key, Message: "the server did not say how long the object is"}
	}
	bytes := make([]byte, stat.Size)
	mixes := header.Get("Server") == byPath && len(stat.ETag) == 2*md5.Size
	if _, err := io.ReadFull(body, bytes); err != nil {
		again := s.attempts
		if mixes { // the length may be the other version's
			again = busy
		}
		return storage.Object{}, again, translate(ctx, "get", key, fmt.Errorf("the body ended early: %w", err))
	}
	obj := storage.Object{Info: describe(key, stat), Body: bytes}
	if mixes && obj.ETag != etag(bytes) {
		return storage.Object{}, busy, &fault.Error{Kind: fault.Unavailable, Op: "storage.get", Subject: key, Message: "the object changed while it was read"}
	}
	return obj, 0, nil
}

// Head implements storage.Reader. S3 does not say on HEAD whether the key or
// the whole bucket is missing: both are NotFound.
func (s *Store) Head(ctx context.Context, key string) (storage.Info, error) {
	if err := storage.CheckKey(key); err != nil {
		return storage.Info{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	stat, err := s.repeat.StatObject(ctx, s.bucket, key, minio.StatObjectOptions{})
	if err != nil {
		return storage.Info{}, translate(ctx, "head", key, err)
	}
	return describe(key, stat), nil
}

// List implements storage.Reader. The store's timeout does not bound the whole
// list, only the wait for each page's first byte; the caller's context bounds all.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		if err := ctx.Err(); err != nil {
			yield(storage.Info{}, translate(ctx, "list", prefix, err))
			return
		}
		last := ""
		for found := range s.repeat.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
			if found.Err != nil {
				yield(storage.Info{}, translate(ctx, "list", prefix, found.Err))
				return
			}
			if found.Key <= last {
				yield(storage.Info{}, &fault.Error{Kind: fault.Internal, Op: "storage.list", Subject: prefix, Message: "the server's list is out of order at " + found.Key})
				return
			}
			last = found.Key
			if !yield(storage.Info{Key: found.Key, ETag: strings.Trim(found.ETag, `"`), Size: found.Size, Modified: found.LastModified}, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil { // the iterator ends silently then
			yield(storage.Info{}, translate(ctx, "list", prefix, err))
		}
	}
}

// Put implements storage.Writer: one PUT, never in parts, so that it is atomic.
// A conditional one is sent once; an unconditional one up to Config.Attempts times.
func (s *Store) Put(ctx context.Context, key string, body []byte, opts storage.PutOptions) (storage.Info, error) {
	if err := storage.CheckPut(key, body, opts); err != nil {
		return storage.Info{}, err
	}
	if opts.ContentType == "" {
		opts.ContentType = "application/octet-stream"
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	// The digest of the body is part of the signed request, so a server takes all of it or nothing. Signing
	// chunk by chunk instead, the library's other way, sends an empty body without a length; the embedded server
	// then may read what is left of it as the connection's next request.
	sum := sha256.Sum256(body)
	send := minio.PutObjectOptions{ContentType: opts.ContentType, UserMetadata: opts.Metadata, DisableMultipart: true, DisableContentSha256: true}
	core := &s.repeat
	switch {
	case opts.IfAbsent:
		send.SetMatchETagExcept("*")
		core = &s.once
	case opts.IfMatch != "":
		send.SetMatchETag(opts.IfMatch)
		core = &s.once
	}
	up, err := core.PutObject(ctx, s.bucket, key, bytes.NewReader(body), int64(len(body)), "", hex.EncodeToString(sum[:]), send)
	if err != nil {
		code := minio.ToErrorResponse(err).Code
		if opts.IfMatch != "" && code == minio.NoSuchKey {
			return storage.Info{}, &fault.Error{Kind: fault.Conflict, Op: "storage.put", Subject: key, Message: "the object that was to be replaced is gone", Err: err}
		}
		return storage.Info{}, translate(ctx, "put", key, err)
	}
	return storage.Info{Key: key, ETag: strings.Trim(up.ETag, `"`), Size: int64(len(body)), Modified: up.LastModified, ContentType: opts.ContentType, Metadata: opts.Metadata}, nil
}

// Delete implements storage.Writer.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := storage.CheckKey(key); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	err := s.repeat.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{})
	if minio.ToErrorResponse(err).Code == minio.NoSuchKey {
		return nil
	}
	return translate(ctx, "delete", key, err)
}

// etag is what a server that takes the MD5 of the bytes for their ETag says. It guards against mixing
// versions, not against anybody.
func etag(body []byte) string {
	sum := md5.Sum(body)
	return hex.EncodeToString(sum[:])
}

func describe(key string, stat minio.ObjectInfo) storage.Info {
	info := storage.Info{Key: key, ETag: strings.Trim(stat.ETag, `"`), Size: stat.Size, Modified: stat.LastModified, ContentType: stat.ContentType}
	if len(stat.UserMetadata) > 0 {
		info.Metadata = make(map[string]string, len(stat.UserMetadata))
		for name, value := range stat.UserMetadata {
			info.Metadata[strings.ToLower(name)] = value
		}
	}
	return info
}
