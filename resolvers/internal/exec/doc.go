// Package exec is what gqlgen makes of schema/: the control API's executable schema. `make generate` writes all of it but this file.
package exec
