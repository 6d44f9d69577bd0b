// Package memory is a store in this process's memory: for tests, and for a first look without a disk.
package memory

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"facet/fault"
	"facet/storage"
)

// An Op names a method of the contract.
type Op string

// The operations, as Before sees them.
const (
	Get    Op = "get"
	Head   Op = "head"
	List   Op = "list"
	Put    Op = "put"
	Delete Op = "delete"
)

// A Store is the contract over a map. The zero value is empty and ready.
type Store struct {
	// Before, if set, runs before each operation that has a live context; an
	// error it returns is the operation's. Tests make a store fail, wait or say
	// 409 with it. Set it before the store is used.
	Before func(ctx context.Context, op Op, key string) error
	// Now gives the time of a write; nil means time.Now.
	Now func() time.Time

	mu      sync.Mutex
	objects map[string]storage.Object
	folders map[string]int // how many objects lie below each "a/b" that is not itself a key
}

// New returns an empty store.
func New() *Store { return &Store{} }

func (s *Store) enter(ctx context.Context, op Op, key string) error {
	if err := ctx.Err(); err != nil {
		return fault.Wrap(fault.KindOf(err), "storage."+string(op), key, err)
	}
	if s.Before != nil {
		return s.Before(ctx, op, key)
	}
	return nil
}

// Get implements storage.Reader.
func (s *Store) Get(ctx context.Context, key string, opts storage.GetOptions) (storage.Object, error) {
	obj, err := s.find(ctx, Get, key)
	if err != nil {
		return storage.Object{}, err
	}
	if opts.IfNoneMatch != "" && opts.IfNoneMatch == obj.ETag {
		return storage.Object{Info: storage.Info{Key: key, ETag: obj.ETag}, Unchanged: true}, nil
	}
	most := opts.MaxBytes
	if most <= 0 {
		most = storage.DefaultRead
	}
	if obj.Size > most {
		return storage.Object{}, &fault.Error{Kind: fault.TooLarge, Op: "storage.get", Subject: key, Message: "the object is longer than its reader allows"}
	}
	obj.Body = bytes.Clone(obj.Body)
	return obj, nil
}

// Head implements storage.Reader.
func (s *Store) Head(ctx context.Context, key string) (storage.Info, error) {
	obj, err := s.find(ctx, Head, key)
	return obj.Info, err
}

func (s *Store) find(ctx context.Context, op Op, key string) (storage.Object, error) {
	if err := storage.CheckKey(key); err != nil {
		return storage.Object{}, err
	}
	if err := s.enter(ctx, op, key); err != nil {
		return storage.Object{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	obj, ok := s.objects[key]
	if !ok {
		return storage.Object{}, &fault.Error{Kind: fault.NotFound, Op: "storage." + string(op), Subject: key, Message: "there is no such object"}
	}
	obj.Metadata = maps.Clone(obj.Metadata)
	return obj, nil
}

// List implements storage.Reader over a copy of the keys made when it starts.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		if err := s.enter(ctx, List, prefix); err != nil {
			yield(storage.Info{}, err)
			return
		}
		s.mu.Lock()
		var found []storage.Info
		for key, obj := range s.objects {
			if strings.HasPrefix(key, prefix) {
				found = append(found, storage.Info{Key: key, ETag: obj.ETag, Size: obj.Size, Modified: obj.Modified})
			}
		}
		s.mu.Unlock()
		slices.SortFunc(found, func(a, b storage.Info) int { return strings.Compare(a.Key, b.Key) })
		for _, info := range found {
			if err := ctx.Err(); err != nil {
				yield(storage.Info{}, fault.Wrap(fault.KindOf(err), "storage.list", prefix, err))
				return
			}
			if !yield(info, nil) {
				return
			}
		}
	}
}

// Put implements storage.Writer.
func (s *Store) Put(ctx context.Context, key string, body []byte, opts storage.PutOptions) (storage.Info, error) {
	if err := storage.CheckPut(key, body, opts); err != nil {
		return storage.Info{}, err
	}
	if err := s.enter(ctx, Put, key); err != nil {
		return storage.Info{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, exists := s.objects[key]
	if (opts.IfAbsent && exists) || (opts.IfMatch != "" && opts.IfMatch != old.ETag) {
		return storage.Info{}, &fault.Error{Kind: fault.Conflict, Op: "storage.put", Subject: key, Message: "the object is not as the write requires"}
	}
	if !exists && !s.place(key) {
		return storage.Info{}, &fault.Error{Kind: fault.Invalid, Op: "storage.put", Subject: key, Message: "an object's key may not be the beginning of another's path"}
	}
	if opts.ContentType == "" {
		opts.ContentType = "application/octet-stream"
	}
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	sum := sha256.Sum256(body)
	info := storage.Info{
		Key: key, ETag: hex.EncodeToString(sum[:16]), Size: int64(len(body)), Modified: now(),
		ContentType: opts.ContentType, Metadata: maps.Clone(opts.Metadata),
	}
	if s.objects == nil {
		s.objects = map[string]storage.Object{}
	}
	s.objects[key] = storage.Object{Info: info, Body: bytes.Clone(body)}
	info.Metadata = maps.Clone(opts.Metadata)
	return info, nil
}

// place enters a new key among the folders, or says that it does not fit.
func (s *Store) place(key string) bool {
	if s.folders[key] > 0 {
		return false
	}
	for dir := range parents(key) {
		if _, taken := s.objects[dir]; taken {
			return false
		}
	}
	if s.folders == nil {
		s.folders = map[string]int{}
	}
	for dir := range parents(key) {
		s.folders[dir]++
	}
	return true
}

// Delete implements storage.Writer.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := storage.CheckKey(key); err != nil {
		return err
	}
	if err := s.enter(ctx, Delete, key); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.objects[key]; !ok {
		return nil
	}
	delete(s.objects, key)
	for dir := range parents(key) {
		if s.folders[dir]--; s.folders[dir] == 0 {
			delete(s.folders, dir)
		}
	}
	return nil
}

func parents(key string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range len(key) {
			if key[i] == '/' && !yield(key[:i]) {
				return
			}
		}
	}
}
