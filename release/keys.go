package release

// The keys of stored objects. Control writes them, catalogs read them.

// TarballKey is where a package's version lies.
func TarballKey(name, version string) string { return "packages/" + name + "/" + version + ".tgz" }

// IndexKey is where a package's versions and dist-tags are listed.
func IndexKey(name string) string { return "packages/" + name + "/index.json" }

// GraphPrefix begins the key of every graph version.
const GraphPrefix = "graphs/"

// GraphSuffix ends it.
const GraphSuffix = ".graphqls"

// GraphKey is where a graph version lies.
func GraphKey(version string) string { return GraphPrefix + version + GraphSuffix }

// BuildKey is where a build lies, by its content.
func BuildKey(digest string) string { return "builds/" + digest }

// InputKey is where the digest of the build of an input is noted.
func InputKey(digest string) string { return "builds/by-input/" + digest }

// ShardKey is where a shard lies.
func ShardKey(digest string) string { return "shards/" + digest + ".json" }

// Key is where a release's header lies.
func Key(env, digest string) string { return "releases/" + env + "/" + digest + ".json" }

// PointerKey is where a region's pointer lies.
func PointerKey(env, region string) string { return "envs/" + env + "/" + region + ".json" }

// InstanceKey is where an instance says what it serves.
func InstanceKey(env, region, id string) string {
	return "instances/" + env + "/" + region + "/" + id + ".json"
}
