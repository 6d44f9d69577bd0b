package peers

// The versions of what is installed. go.mod and package.json of the peers' folders name the same.
const (
	gqlgenVersion   = "gqlgen 0.17.95, dataloader 7.2.0"
	falcorVersion   = "falcor-router 0.8.3"
	hiveVersion     = "@graphql-hive/gateway"
	grafbaseVersion = "grafbase"
	cosmoVersion    = "cosmo/router"
)
