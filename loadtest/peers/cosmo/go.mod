module peer-cosmo

go 1.26.0

require (
	github.com/wundergraph/cosmo/composition-go v0.0.0-20241020204711-78f240a77c99
	github.com/wundergraph/cosmo/router v0.0.0-20240729154441-b20b00e892c6
)
