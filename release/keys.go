package release

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
)

// The keys of stored objects. Control writes them, catalogs read them.

// TarballKey is where a package's version lies.
func TarballKey(name, version string) string { return "packages/" + name + "/" + version + ".tgz" }

// IndexKey is where a package's versions and dist-tags are listed.
func IndexKey(name string) string { return "packages/" + name + "/index.json" }

// PackagePrefix begins the key of everything that is published.
const PackagePrefix = "packages/"

// IndexName is the package whose index lies under a key; false for another key.
func IndexName(key string) (string, bool) {
	rest, ok := strings.CutPrefix(key, PackagePrefix)
	name, is := strings.CutSuffix(rest, "/index.json")
	return name, ok && is
}

// UnpublishedKey is where the time of the last unpublishing lies: whoever is about to write a pointer looks whether it was since they began.
const UnpublishedKey = PackagePrefix + "unpublished.json"

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

// PointerPrefix begins the keys of an environment's pointers; of all environments' for "".
func PointerPrefix(env string) string {
	if env == "" {
		return "envs/"
	}
	return "envs/" + env + "/"
}

// InstancePrefix begins the keys of what an environment's instances say.
func InstancePrefix(env string) string { return "instances/" + env + "/" }

// ReleasePrefix begins the keys of an environment's releases whose digests begin with some hex digits.
func ReleasePrefix(env, hex string) string { return "releases/" + env + "/sha256:" + hex }

// Named takes the region of a pointer's key, or the digest of a release's: the last part without ".json".
func Named(key string) string { return strings.TrimSuffix(path.Base(key), ".json") }

// AuditPrefix begins the keys of an environment's audit lines of one day (UTC).
func AuditPrefix(env string, day time.Time) string {
	return "audit/" + env + "/" + day.UTC().Format("2006/01/02") + "/"
}

// AuditKey is where the line of a move to a release lies. Keys of one environment sort by time.
func AuditKey(env string, at time.Time, digest string) string {
	return fmt.Sprintf("%s%013d-%s.json", AuditPrefix(env, at), at.UnixMilli(), Short(digest))
}

// AuditTime is when the line under a key was written; false for another key.
func AuditTime(key string) (time.Time, bool) {
	ms, _, _ := strings.Cut(path.Base(key), "-")
	n, err := strconv.ParseInt(ms, 10, 64)
	return time.UnixMilli(n).UTC(), err == nil
}
