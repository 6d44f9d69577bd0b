// Command peer-cosmo is WunderGraph's Cosmo Router, compiled from the module proxy at the version in go.mod.
package main

import "github.com/wundergraph/cosmo/router/cmd"

func main() { cmd.Main() }
