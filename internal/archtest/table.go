package archtest

// A row is one folder of the house: what it may import of this module, besides itself, its folders below and fault.
// A folder below another may have a row of its own.
type row struct {
	folder string
	may    []string // folders, with all below them; "*" is everything
	pure   bool     // data and functions: no network, no process, no clock
	reads  bool     // a pure one that may read files: what is published starts as a folder
}

// table is the architecture, in import order.
var table = []row{
	{folder: "fault", pure: true},
	{folder: "internal/child"},
	{folder: "graph", pure: true},
	{folder: "view", may: []string{"graph"}, pure: true},
	{folder: "pack", pure: true, reads: true},
	{folder: "release", pure: true},
	{folder: "storage"},
	{folder: "asker"},
	{folder: "tiers", may: []string{"graph"}},
	{folder: "scripts", may: []string{"view", "graph", "pack"}},
	{folder: "scripts/attack", may: []string{"pack", "internal/child"}},
	{folder: "composer", may: []string{"view", "graph", "tiers", "asker"}},
	{folder: "catalog", may: []string{"release", "storage", "pack", "view", "graph", "composer"}},
	{folder: "control", may: []string{"release", "storage", "pack", "view", "graph"}},
	{folder: "notice", may: []string{"release"}},
	{folder: "schema", may: []string{"control", "release"}},
	{folder: "resolvers", may: []string{"schema", "control", "release", "pack", "view"}},
	{folder: "serve", may: []string{"composer", "view", "graph", "asker"}},
	{folder: "cmd", may: []string{"*"}},
	{folder: "loadtest", may: []string{"tiers/fake", "scripts/attack", "internal/child"}},
	{folder: "sdk"},
	{folder: "examples"},
	{folder: "loadtest/peers", may: []string{"loadtest", "examples/films", "internal/child"}},
	{folder: "internal"},
	{folder: "internal/edgetest", may: []string{"*"}},
	{folder: "deploy"},
	{folder: "docs"},
}

// A library may be imported only in some folders, so that it can be replaced there; with sealed, none of its types may stand in
// what these folders export, except in the folders of open.
type library struct {
	path   string // import path, with all below it
	in     []string
	sealed bool
	open   []string
}

var libraries = []library{
	{path: "github.com/dop251/goja", in: []string{"scripts"}, sealed: true, open: []string{"scripts/api"}},
	{path: "github.com/evanw/esbuild", in: []string{"scripts"}, sealed: true},
	{path: "github.com/maypok86/otter", in: []string{"tiers/cache"}, sealed: true},
	{path: "github.com/minio/minio-go", in: []string{"storage/s3"}, sealed: true},
	{path: "github.com/versity/versitygw", in: []string{"storage/embedded"}, sealed: true},
	{path: "github.com/99designs/gqlgen", in: []string{"resolvers", "serve/graphql"}, sealed: true, open: []string{"resolvers"}},
	{path: "github.com/vektah/gqlparser", in: []string{"graph", "resolvers", "serve/graphql", "loadtest/peers/subgraphs"}},
	{path: "github.com/graph-gophers/dataloader", in: []string{"composer"}, sealed: true},
	{path: "github.com/failsafe-go/failsafe-go", in: []string{"tiers", "scripts"}, sealed: true},
	{path: "google.golang.org/grpc", in: []string{"tiers", "examples", "loadtest/peers/home"}, sealed: true, open: []string{"examples", "tiers/tiertest"}},
	{path: "github.com/nats-io", in: []string{"notice"}, sealed: true},
	{path: "go.opentelemetry.io", in: []string{"cmd"}},
	{path: "github.com/goccy/go-yaml", in: []string{"cmd", "loadtest"}},
	{path: "github.com/fsnotify/fsnotify", in: []string{"cmd"}},
	{path: "github.com/spf13/cobra", in: []string{"cmd"}},
}

// vague are names that say nothing about what a package or file holds.
var vague = []string{"util", "utils", "common", "helper", "helpers", "misc"}

// vaguePackages are vague as the name of a package; a file may be about types.
var vaguePackages = append([]string{"types", "base", "core", "shared", "lib"}, vague...)

// longest is how many lines a file may have without saying why it is longer.
const longest = 600

// reason begins the comment line that says why a file is longer than that.
const reason = "Long because "

// impure are packages that a pure folder does without, and reading those that one may use that reads files.
var (
	impure  = []string{"net", "net/http", "os", "os/exec", "os/signal", "io/ioutil", "path/filepath", "math/rand", "math/rand/v2", "crypto/rand", "syscall"}
	reading = []string{"os", "path/filepath"}
)

// clock are the functions of package time that look at the clock or wait for it.
var clock = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"}
