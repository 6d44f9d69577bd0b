package scripts

import (
	"fmt"
	"strings"
	"sync"

	"github.com/evanw/esbuild/pkg/api"

	"facet/fault"
	"facet/pack"
)

// testModule is what a package's tests import; it exists only while `edge test` runs.
const testModule = sdkModule + "/test"

// files are the sources of a build by the keys that the bundler knows them by: "name@version/path", or a module of the host's.
type files struct {
	pkg     *pack.Package
	lock    *pack.Lock
	extra   map[string]string
	host    map[string]string // text of the host's modules by specifier
	mu      sync.Mutex        // of the following: the bundler resolves and loads from many goroutines
	owner   map[string]*pack.Package
	from    map[string]string // key -> path in the owner
	count   int               // of the files that were loaded
	bytes   int               // of their texts
	measure                   // of them
}

// owned is whose file a key names, and its path there.
func (f *files) owned(key string) (*pack.Package, string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.owner[key], f.from[key]
}

// A problem is a diagnostic's code and fix on their way through the bundler.
type problem struct{ code, fix string }

func newFiles(pkg *pack.Package, lock *pack.Lock, extra map[string]string) *files {
	var b strings.Builder
	for _, name := range sdkExports {
		fmt.Fprintf(&b, "export const %s = __sdk.%s;\n", name, name)
	}
	host := map[string]string{sdkModule: b.String()}
	if text, ok := extra[testModule]; ok {
		host[testModule] = text
	}
	return &files{
		pkg: pkg, lock: lock, extra: extra, owner: map[string]*pack.Package{}, from: map[string]string{},
		host: host,
	}
}

// key names a file for the bundler.
func (f *files) key(p *pack.Package, file string) string {
	k := p.ID() + "/" + file
	f.mu.Lock()
	defer f.mu.Unlock()
	f.owner[k], f.from[k] = p, file
	return k
}

// show is the name of a file for people: the package's own by its path, a module's below the module's name.
func (f *files) show(key string) string {
	if i := strings.LastIndex(key, namespace+":"); i >= 0 {
		key = key[i+len(namespace)+1:]
	}
	p, file := f.owned(key)
	switch p {
	case nil:
		return key
	case f.pkg:
		return file
	}
	return p.Manifest.Name + "/" + file
}

// own says whether a shown file belongs to the package that is built.
func (f *files) own(shown string) bool {
	p, _ := f.owned(f.pkg.ID() + "/" + shown)
	return p != nil
}

func (f *files) resolve(a api.OnResolveArgs) (api.OnResolveResult, error) {
	if a.Kind == api.ResolveEntryPoint {
		return api.OnResolveResult{Path: a.Path, Namespace: namespace}, nil
	}
	if _, ok := f.host[a.Path]; ok {
		return api.OnResolveResult{Path: a.Path, Namespace: namespace}, nil
	}
	if a.Kind == api.ResolveJSDynamicImport {
		return refuse("F011", "Import it at the top of the file", "import(%q) happens while code runs, and no view's code runs then", a.Path)
	}
	owner, from := f.owned(a.Importer)
	if owner == nil {
		return refuse("F012", "Import it from the package's own code", "%q cannot be imported here", a.Path)
	}
	name, sub := pack.SplitImport(a.Path)
	if dep, ok := f.lock.Dep(owner.ID(), name); ok && !strings.HasPrefix(a.Path, ".") {
		file, err := dep.Export(sub)
		if err != nil {
			return refuse("F013", "Import what its \"exports\" name", "%s: %s", dep.ID(), fault.Public(err))
		}
		return f.found(dep, file)
	}
	if strings.HasPrefix(a.Path, ".") {
		if file, ok := f.extraFile(from, a.Path); ok && owner == f.pkg {
			return f.found(owner, file)
		}
	}
	file, err := owner.Import(from, a.Path)
	if err == nil {
		return f.found(owner, file)
	}
	switch {
	case strings.HasPrefix(a.Path, "node:") || nodeModules[name]:
		return refuse("F014", "Give the data through the graph: a tier, or a module's constants", "%q is Node's: a package's code has no files, network or processes", a.Path)
	case name == testModule || a.Path == testModule:
		return refuse("F015", "Import it from a *.test.ts file only", "%q is for tests", a.Path)
	case strings.HasPrefix(a.Path, "."):
		return refuse("F010", "Check the path; file names are compared with case", "%s imports %q, and there is no such file", from, a.Path)
	}
	return refuse("F010", fmt.Sprintf("npm install %s, and name it under \"dependencies\"", name), "%s imports %q, which the package neither links nor bundles", from, a.Path)
}

func (f *files) found(p *pack.Package, file string) (api.OnResolveResult, error) {
	return api.OnResolveResult{Path: f.key(p, file), Namespace: namespace}, nil
}

func refuse(code, fix, format string, args ...any) (api.OnResolveResult, error) {
	return api.OnResolveResult{Errors: []api.Message{{Text: fmt.Sprintf(format, args...), Detail: problem{code, fix}}}}, nil
}

// extraFile finds a virtual file beside the importing one.
func (f *files) extraFile(from, spec string) (string, bool) {
	if len(f.extra) == 0 {
		return "", false
	}
	base := join(from, spec)
	for _, ending := range []string{"", ".ts", ".js", "/index.ts", "/index.js"} {
		if _, ok := f.extra[base+ending]; ok {
			return base + ending, true
		}
	}
	return "", false
}

func join(from, spec string) string {
	parts := strings.Split(from, "/")
	parts = parts[:len(parts)-1]
	for _, s := range strings.Split(spec, "/") {
		switch s {
		case ".", "":
		case "..":
			if len(parts) > 0 {
				parts = parts[:len(parts)-1]
			}
		default:
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "/")
}

func (f *files) load(a api.OnLoadArgs) (api.OnLoadResult, error) {
	if text, ok := f.host[a.Path]; ok {
		return api.OnLoadResult{Contents: &text, Loader: api.LoaderJS}, nil
	}
	owner, file := f.owned(a.Path)
	loader, ok := loaderOf(file)
	if !ok {
		return api.OnLoadResult{Errors: []api.Message{{Text: fmt.Sprintf("%s is no script and no JSON", file), Detail: problem{"F016", "Import .ts, .js or .json files only"}}}}, nil
	}
	if owner == f.pkg {
		if text, ok := f.extra[file]; ok {
			return api.OnLoadResult{Contents: &text, Loader: loader}, nil
		}
	}
	b, ok := owner.Files[file]
	if !ok {
		return api.OnLoadResult{Errors: []api.Message{{Text: fmt.Sprintf("%s is not packed", file), Detail: problem{"F010", "Check \"files\" in package.json"}}}}, nil
	}
	text := withoutMaps(string(b))
	if m := f.fits(a.Path, text, loader); m != nil {
		return api.OnLoadResult{Errors: []api.Message{*m}}, nil
	}
	if composed(text, loader) {
		return api.OnLoadResult{Errors: []api.Message{{Text: fmt.Sprintf("%s puts together the path of what it imports", file), Detail: problem{"F011", "Import it at the top of the file, by its whole path"}}}}, nil
	}
	return api.OnLoadResult{Contents: &text, Loader: loader}, nil
}

// nodeModules are Node's own modules that people import without the "node:" prefix.
var nodeModules = map[string]bool{
	"assert": true, "buffer": true, "child_process": true, "cluster": true, "crypto": true, "dns": true, "events": true, "fs": true,
	"http": true, "https": true, "net": true, "os": true, "path": true, "process": true, "stream": true, "timers": true, "tls": true,
	"url": true, "util": true, "vm": true, "worker_threads": true, "zlib": true,
}
