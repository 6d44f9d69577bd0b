// Package sdk holds the files of the npm package @facet/sdk, as this program serves them to npm clients.
package sdk

import "embed"

// Files are package.json and what it packs.
//
//go:embed package.json README.md *.d.ts *.js
var Files embed.FS
