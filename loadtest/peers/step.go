package peers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// A Step is something that is built or installed. It is done when what it makes is there and newer than what it is made from.
type Step struct {
	Dir   string   // from the root of the repository
	Args  []string // the command; {bin} is where programs are built to
	Makes string   // a file, from Dir; "": it is done always
	From  []string // files, from Dir
	Env   []string

	Builds string // the program that it compiles
}

// patience bounds one step: npm and the module proxy may be slow, and the compiler has much to do.
const patience = 15 * time.Minute

// Do does the step if it has to be done. What it says is in the error, where it fails.
func (s Step) Do(ctx context.Context, w *World, log io.Writer) error {
	dir := filepath.Join(w.Root, filepath.FromSlash(s.Dir))
	if s.Makes != "" && fresh(dir, s.Makes, s.From) {
		return nil
	}
	args := make([]string, len(s.Args))
	for i, a := range s.Args {
		args[i] = strings.ReplaceAll(a, "{bin}", w.Bin)
	}
	if _, err := exec.LookPath(args[0]); err != nil {
		return fmt.Errorf("%s is missing on this machine: %w", args[0], err)
	}
	fmt.Fprintf(log, "peers: %s: %s\n", s.Dir, strings.Join(args, " "))
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), s.Env...)
	cmd.WaitDelay = time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("in %s, %s: %w%s", s.Dir, strings.Join(args, " "), errors.Join(err, ctx.Err()), end(out))
	}
	if s.Makes == "" {
		return nil
	}
	now := time.Now() // npm leaves what it finds in place as old as it was
	return os.Chtimes(filepath.Join(dir, filepath.FromSlash(s.Makes)), now, now)
}

// fresh says whether a file is there and no older than the others.
func fresh(dir, makes string, from []string) bool {
	made, err := os.Stat(filepath.Join(dir, filepath.FromSlash(makes)))
	if err != nil {
		return false
	}
	for _, f := range from {
		if s, err := os.Stat(filepath.Join(dir, filepath.FromSlash(f))); err != nil || s.ModTime().After(made.ModTime()) {
			return false
		}
	}
	return true
}

// end is the end of what a program said: where its mistake stands.
func end(out []byte) string {
	out = bytes.TrimSpace(out)
	if len(out) == 0 {
		return ""
	}
	const most = 600
	return "\n" + string(out[max(0, len(out)-most):])
}

// build compiles a program of a module to the folder of programs.
func build(dir, command, name string) Step {
	return Step{Dir: dir, Args: []string{"go", "build", "-o", "{bin}/" + name, command}, Builds: name}
}

// install gets what a package.json of a peer names.
func install(dir string) Step {
	return Step{
		Dir: dir, Args: []string{"npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"},
		Makes: "node_modules/.package-lock.json", From: []string{"package.json"},
	}
}
