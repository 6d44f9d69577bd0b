package main

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long the files must be quiet before a save counts: editors write in several steps.
const settle = 25 * time.Millisecond

// A watch notices what is saved below folders from the moment it is opened; run tells.
type watch struct {
	w       *fsnotify.Watcher
	folders []string
}

func openWatch(folders ...string) (*watch, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	for _, f := range folders {
		if err := watchTree(w, f, nil); err != nil {
			w.Close()
			return nil, err
		}
	}
	return &watch{w, folders}, nil
}

func (w *watch) close() { _ = w.w.Close() }

// run calls changed with the files that were saved, once they are quiet, one call at a time, until ctx ends.
// Folders that appear later are watched too, and what is in them counts as saved; node_modules and dot folders are not.
func (w *watch) run(ctx context.Context, changed func([]string)) error {
	dirty := map[string]bool{}
	quiet := time.NewTimer(time.Hour)
	quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, ok := <-w.w.Events:
			if !ok {
				return nil
			}
			if e.Op == fsnotify.Chmod || ignoredFile(e.Name) {
				continue
			}
			if e.Op.Has(fsnotify.Create) {
				if info, err := os.Stat(e.Name); err == nil && info.IsDir() {
					// What was written before the watch was there is seen here; a folder that is gone again needs no watch.
					_ = watchTree(w.w, e.Name, func(file string) { dirty[file] = true })
				}
			}
			dirty[e.Name] = true
			quiet.Reset(settle)
		case err, ok := <-w.w.Errors:
			if !ok {
				return nil
			}
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				return err
			}
			for _, f := range w.folders { // more at once than the system remembers: anything may be new
				_ = watchTree(w.w, f, func(file string) { dirty[file] = true })
			}
			quiet.Reset(settle)
		case <-quiet.C:
			files := slices.Sorted(maps.Keys(dirty))
			clear(dirty)
			changed(files)
		}
	}
}

// watchTree watches a folder and all below it. found, if not nil, is told of each file.
func watchTree(w *fsnotify.Watcher, root string, found func(file string)) error {
	return filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // what cannot be read is not watched
		}
		if name != root && ignoredFile(name) {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return w.Add(name)
		}
		if found != nil {
			found(name)
		}
		return nil
	})
}

func ignoredFile(name string) bool {
	base := filepath.Base(name)
	return base == "node_modules" || strings.HasPrefix(base, ".") || strings.HasSuffix(base, "~") || strings.HasSuffix(base, ".tmp")
}
