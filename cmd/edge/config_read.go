package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/agnivade/levenshtein"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"facet/fault"
)

// maxConfig bounds the configuration file.
const maxConfig = 1 << 20

// loadConfig reads the configuration: what holds by default, the file over it ("" is none), and the FACET_* variables over
// both. Its error lists every mistake with its place.
func loadConfig(file string, environ []string) (*config, error) {
	c, ds, err := parseConfig(file, environ)
	if err != nil {
		return nil, err
	}
	if !ds.Failed() {
		ds = append(ds, checkConfig(c)...)
	}
	if err := ds.Err(); err != nil {
		return nil, err
	}
	return c, nil
}

// parseConfig is loadConfig without the checks of values that each alone can be read: what is printed may lack a store.
func parseConfig(file string, environ []string) (*config, fault.Diagnostics, error) {
	var text []byte
	if file != "" {
		f, err := os.Open(file)
		if err != nil {
			return nil, nil, fault.Wrap(fault.NotFound, "read configuration", file, err)
		}
		defer f.Close()
		if text, err = io.ReadAll(io.LimitReader(f, maxConfig+1)); err != nil {
			return nil, nil, fault.Wrap(fault.NotFound, "read configuration", file, err)
		}
		if len(text) > maxConfig {
			return nil, nil, fault.New(fault.Invalid, "%s is past %d bytes", file, maxConfig)
		}
	}
	c, ds := readConfig(file, text, environ)
	return c, ds, nil
}

// readConfig is loadConfig over the file's text.
func readConfig(file string, text []byte, environ []string) (*config, fault.Diagnostics) {
	c := defaultConfig()
	r := &configReader{file: file}
	r.yaml(text, reflect.ValueOf(&c).Elem(), "")
	r.environ(environ, reflect.ValueOf(&c).Elem())
	r.ds.Sort()
	return &c, r.ds
}

// A configReader fills a config and collects the mistakes.
type configReader struct {
	file string // what positions name; a variable's name while that is read
	vars bool   // reading variables, which may hold secrets
	ds   fault.Diagnostics
}

func (r *configReader) at(n ast.Node) fault.Pos {
	if r.vars {
		return fault.Pos{File: r.file}
	}
	p := fault.Pos{File: r.file}
	if t := n.GetToken(); t != nil && t.Position != nil {
		p.Line, p.Col = t.Position.Line, t.Position.Column
	}
	return p
}

// yaml reads a text into a section, or into the key at path.
func (r *configReader) yaml(text []byte, into reflect.Value, path string) {
	f, err := parser.ParseBytes(text, 0)
	if err != nil {
		pos, why := fault.Pos{File: r.file}, err.Error()
		var se *yaml.SyntaxError
		if errors.As(err, &se) {
			why = se.Message
			if t := se.Token; t != nil && t.Position != nil && !r.vars {
				pos.Line, pos.Col = t.Position.Line, t.Position.Column
			}
		}
		r.ds.Add(pos, "Y001", "", "this is no YAML: %s", why)
		return
	}
	var body ast.Node
	for _, d := range f.Docs {
		if d.Body == nil {
			continue
		}
		if body != nil {
			r.ds.Add(r.at(d.Body), "Y001", "write one document", "a second document")
			return
		}
		body = d.Body
	}
	if body != nil {
		r.value(body, into, path)
	}
}

// value decodes a node. path is the key of it, for sentences.
func (r *configReader) value(n ast.Node, into reflect.Value, path string) {
	switch n := n.(type) {
	case *ast.NullNode, *ast.CommentGroupNode:
		return // a key without a value: as if it were not there
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		r.ds.Add(r.at(n), "Y002", "write the value itself", "anchors, aliases and tags are not read here")
		return
	}
	switch t := into.Type(); {
	case t == durationType || t == sizeType || t == secretType || into.Kind() == reflect.String || into.Kind() == reflect.Bool || into.CanInt() || into.CanFloat():
		text, ok := scalarText(n)
		if !ok {
			r.ds.Add(r.at(n), "Y002", "", "%s is %s", path, kindOfKey(t))
			return
		}
		if t == secretType && !r.vars {
			r.ds.Add(r.at(n), "Y005", fmt.Sprintf("take it out, and set %s or %sFile", envName(path), path), "%s is a secret, which a configuration file may not hold", path)
			return
		}
		if err := setScalar(into, text); err != nil {
			r.ds.Add(r.at(n), "Y002", "", "%s is %s: %v", path, kindOfKey(t), err)
		}
	case into.Kind() == reflect.Struct:
		r.section(n, into, path)
	case into.Kind() == reflect.Slice:
		r.list(n, into, path)
	case into.Kind() == reflect.Map:
		r.table(n, into, path)
	default:
		var v any
		if err := yaml.NodeToValue(n, &v); err != nil {
			r.ds.Add(r.at(n), "Y002", "", "%s: %v", path, err)
			return
		}
		into.Set(reflect.ValueOf(v))
	}
}

func (r *configReader) section(n ast.Node, into reflect.Value, path string) {
	entries, ok := entriesOf(n)
	if !ok {
		what := path
		if what == "" {
			what = "the configuration"
		}
		r.ds.Add(r.at(n), "Y002", "", "%s is a section of keys", what)
		return
	}
	names := keyNames(into.Type())
	for _, e := range entries {
		name := e.Key.GetToken().Value
		i := slices.Index(names, name)
		if i < 0 {
			r.ds.Add(r.at(e.Key), "Y003", didYouMean(name, names), "unknown key %q", joinPath(path, name))
			continue
		}
		r.value(e.Value, into.Field(i), joinPath(path, name))
	}
}

func (r *configReader) list(n ast.Node, into reflect.Value, path string) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		r.ds.Add(r.at(n), "Y002", "", "%s is a list", path)
		return
	}
	list := reflect.MakeSlice(into.Type(), len(s.Values), len(s.Values))
	for i, v := range s.Values {
		r.value(v, list.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
	into.Set(list)
}

func (r *configReader) table(n ast.Node, into reflect.Value, path string) {
	entries, ok := entriesOf(n)
	if !ok {
		r.ds.Add(r.at(n), "Y002", "", "%s is a section of names", path)
		return
	}
	m := reflect.MakeMapWithSize(into.Type(), len(entries))
	for _, e := range entries {
		v := reflect.New(into.Type().Elem()).Elem()
		name := e.Key.GetToken().Value
		r.value(e.Value, v, joinPath(path, name))
		m.SetMapIndex(reflect.ValueOf(name), v)
	}
	into.Set(m)
}

// entriesOf are the keys of a mapping. A mapping of one key may be its entry alone.
func entriesOf(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

func scalarText(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case ast.ScalarNode:
		return n.GetToken().Value, true
	}
	return "", false
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	sizeType     = reflect.TypeFor[byteSize]()
	secretType   = reflect.TypeFor[secret]()
)

// kindOfKey says in words what a key takes.
func kindOfKey(t reflect.Type) string {
	switch {
	case t == durationType:
		return "a time, such as 500ms or 2m"
	case t == sizeType:
		return "a size, such as 4096 or 96KiB"
	case t == secretType:
		return "a secret"
	}
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	}
	return "something else"
}

// setScalar reads a text into a scalar key. No time, size or rate is negative.
func setScalar(into reflect.Value, text string) error {
	switch t := into.Type(); {
	case t == durationType:
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return fmt.Errorf("not %q", text)
		}
		into.SetInt(int64(d))
	case t == sizeType:
		s, err := parseSize(text)
		if err != nil {
			return err
		}
		into.SetInt(int64(s))
	case into.Kind() == reflect.String:
		into.SetString(text)
	case into.Kind() == reflect.Bool:
		if text != "true" && text != "false" {
			return fmt.Errorf("not %q", text)
		}
		into.SetBool(text == "true")
	case into.CanInt():
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("not %q", text)
		}
		into.SetInt(int64(n))
	case into.CanFloat():
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) || f < 0 {
			return fmt.Errorf("not %q", text)
		}
		into.SetFloat(f)
	}
	return nil
}

var sizeUnits = []struct {
	suffix string
	bytes  int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"", 1}}

func parseSize(text string) (byteSize, error) {
	for _, u := range sizeUnits {
		digits, ok := strings.CutSuffix(text, u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err != nil || n < 0 || n > math.MaxInt64/u.bytes {
			break
		}
		return byteSize(n * u.bytes), nil
	}
	return 0, fmt.Errorf("not %q", text)
}

// String prints the size in its largest whole unit.
func (s byteSize) String() string {
	for _, u := range slices.Backward(sizeUnits[:3]) {
		if s > 0 && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.suffix
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

func keyNames(t reflect.Type) []string {
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = t.Field(i).Tag.Get("key")
	}
	return names
}

func joinPath(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// envName is the variable of a key: FACET_ and its path in capitals, words apart: FACET_STORE_SECRET_KEY.
func envName(path string) string {
	var b strings.Builder
	b.WriteString("FACET_")
	lower := false
	for _, c := range path {
		switch {
		case c == '.':
			b.WriteByte('_')
			lower = false
			continue
		case unicode.IsUpper(c) && lower:
			b.WriteByte('_')
		}
		lower = unicode.IsLower(c) || unicode.IsDigit(c)
		b.WriteRune(unicode.ToUpper(c))
	}
	return b.String()
}

// A configKey is one key that a variable can set.
type configKey struct {
	path  string
	env   string
	value reflect.Value
}

// configKeys lists the keys below a section, in the order of their declaration.
func configKeys(v reflect.Value, path string) []configKey {
	var keys []configKey
	for i, name := range keyNames(v.Type()) {
		p, f := joinPath(path, name), v.Field(i)
		if f.Kind() == reflect.Struct {
			keys = append(keys, configKeys(f, p)...)
			continue
		}
		keys = append(keys, configKey{p, envName(p), f})
	}
	return keys
}

// otherVariables are FACET_* variables that are no keys: those of the other commands, and what a parent tells its child.
var otherVariables = []string{"FACET_CONFIG", "FACET_CONTROL", "FACET_TOKEN", "FACET_OPS", "FACET_SOURCE_REVISION", "FACET_TIER", "FACET_STORE_SECRET"}

// ofKubernetes says whether a variable is one that Kubernetes sets for a service, which may well be called facet.
func ofKubernetes(name string) bool {
	return strings.HasSuffix(name, "_SERVICE_HOST") || strings.Contains(name, "_SERVICE_PORT") || strings.HasSuffix(name, "_PORT") ||
		strings.Contains(name, "_PORT_") && (strings.Contains(name, "_TCP") || strings.Contains(name, "_UDP"))
}

func (r *configReader) environ(environ []string, into reflect.Value) {
	keys := configKeys(into, "")
	byName, names := map[string]configKey{}, otherVariables
	for _, k := range keys {
		byName[k.env], names = k, append(names, k.env)
	}
	sorted := slices.Clone(environ)
	sort.Strings(sorted)
	var unknown []string
	for _, kv := range sorted {
		name, text, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, "FACET_") || slices.Contains(otherVariables, name) {
			continue
		}
		k, ok := byName[name]
		if !ok {
			unknown = append(unknown, name)
			continue
		}
		if text == "" {
			continue
		}
		sub := &configReader{file: name, vars: true}
		switch k.value.Type() {
		case reflect.TypeFor[[]string]():
			var list []string
			for _, item := range strings.Split(text, ",") {
				if item = strings.TrimSpace(item); item != "" {
					list = append(list, item)
				}
			}
			k.value.Set(reflect.ValueOf(list))
		default:
			if k.value.Kind() == reflect.Slice || k.value.Kind() == reflect.Map {
				sub.yaml([]byte(text), k.value, k.path)
			} else if err := setScalar(k.value, text); err != nil {
				sub.ds.Add(fault.Pos{File: name}, "Y002", "", "%s is %s: %v", k.path, kindOfKey(k.value.Type()), err)
			}
		}
		r.ds = append(r.ds, sub.ds...)
	}
	for _, name := range unknown {
		if !tokenVariable(into, name) && !ofKubernetes(name) {
			r.ds.Add(fault.Pos{File: name}, "Y004", didYouMean(name, names), "unknown variable")
		}
	}
}

// tokenVariable says whether the configuration names a variable as one that holds a token.
func tokenVariable(into reflect.Value, name string) bool {
	c, ok := into.Interface().(config)
	return ok && slices.ContainsFunc(c.Control.Tokens, func(t tokenConfig) bool { return t.Env == name })
}

// didYouMean is the fix for an unknown name.
func didYouMean(name string, known []string) string {
	best, far := "", 2+len(name)/3
	for _, k := range known {
		d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(k))
		if len(name) > 2 && strings.HasPrefix(strings.ToLower(k), strings.ToLower(name)) { // the beginning of the right one
			d = min(d, 1)
		}
		if d < far {
			best, far = k, d
		}
	}
	if best == "" {
		if len(known) > 20 {
			return ""
		}
		return "there are " + strings.Join(known, ", ")
	}
	return "did you mean " + best + "?"
}
