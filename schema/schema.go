// Package schema is the GraphQL schema of the control API, as text: resolvers answers it, and clients read it.
package schema

import "embed"

// Files are the schema's documents, one per subject, all in the top folder.
//
//go:embed *.graphqls
var Files embed.FS
