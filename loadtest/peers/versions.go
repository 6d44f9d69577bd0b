package peers

// The versions of what is installed. go.mod and package.json of the peers' folders name the same.
const (
	gqlgenVersion   = "gqlgen 0.17.95, dataloader 7.2.0"
	falcorVersion   = "falcor-router 0.8.3"
	hiveVersion     = "@graphql-hive/gateway 2.15.1, router-runtime 1.4.23"
	grafbaseVersion = "grafbase 0.80.4"
	cosmoVersion    = "cosmo/router 0.98.2 (20240729154441-b20b00e892c6)"
)
