package main

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long the files must be quiet before a save counts: editors write in several steps.
const settle = 25 * time.Millisecond

// watchFiles calls changed with the files that were saved below the folders, once they are quiet, one call at a time,
// until ctx ends. Folders that appear later are watched too; node_modules and dot folders are not.
func watchFiles(ctx context.Context, folders []string, changed func([]string)) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close()
	for _, f := range folders {
		if err := watchTree(w, f); err != nil {
			return err
		}
	}
	var dirty []string
	quiet := time.NewTimer(time.Hour)
	quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, ok := <-w.Events:
			if !ok {
				return nil
			}
			if e.Op == fsnotify.Chmod || ignoredFile(e.Name) {
				continue
			}
			if e.Op.Has(fsnotify.Create) {
				if info, err := os.Stat(e.Name); err == nil && info.IsDir() {
					_ = watchTree(w, e.Name) // a folder that is gone again needs no watch
				}
			}
			if !slices.Contains(dirty, e.Name) {
				dirty = append(dirty, e.Name)
			}
			quiet.Reset(settle)
		case err, ok := <-w.Errors:
			if !ok {
				return nil
			}
			return err
		case <-quiet.C:
			files := dirty
			dirty = nil
			changed(files)
		}
	}
}

func watchTree(w *fsnotify.Watcher, root string) error {
	return filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil //nolint:nilerr // what cannot be read is not watched
		}
		if name != root && ignoredFile(name) {
			return filepath.SkipDir
		}
		return w.Add(name)
	})
}

func ignoredFile(name string) bool {
	base := filepath.Base(name)
	return base == "node_modules" || strings.HasPrefix(base, ".") || strings.HasSuffix(base, "~") || strings.HasSuffix(base, ".tmp")
}
