// Package worker runs scripts in child processes, each with a limit on its memory that the operating system keeps: what kills one costs nobody but its own tenant.
//
// A Pool is the parent's side. It starts the same binary again, as a child whose main is Main, and talks to it over
// inherited sockets alone: a child has no environment, no files, no standard streams but its errors, and a few limits on
// itself before it reads anything that somebody else wrote. It opens no network connection; nothing in it knows how, but the
// kernel is not asked to forbid it.
//
// Tenants do not share children. A tenant is an npm scope, or a package without one.
package worker

import "strings"

// Tenant is who shares a child with a package: all packages of its npm scope, or itself.
func Tenant(pkg string) string {
	if strings.HasPrefix(pkg, "@") {
		scope, _, _ := strings.Cut(pkg, "/")
		return scope
	}
	return pkg
}
