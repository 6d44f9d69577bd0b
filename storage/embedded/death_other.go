//go:build !linux

package embedded

import "os/exec"

// Elsewhere the end of stdin alone tells the child.
func dieWithParent(*exec.Cmd) {}
