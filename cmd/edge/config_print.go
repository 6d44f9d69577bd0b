package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// configDocs are the comments of every key's field, by "type.Field", from this program's own source.
func configDocs() (map[string]string, error) {
	f, err := parser.ParseFile(token.NewFileSet(), "config.go", configSource, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	docs := map[string]string{}
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, s := range g.Specs {
			t, ok := s.(*ast.TypeSpec)
			if !ok {
				continue
			}
			fields, ok := t.Type.(*ast.StructType)
			if !ok {
				continue
			}
			for _, f := range fields.Fields.List {
				for _, n := range f.Names {
					docs[t.Name.Name+"."+n.Name] = strings.TrimSpace(f.Doc.Text())
				}
			}
		}
	}
	return docs, nil
}

// printConfig writes a configuration as YAML, each key below its comment and the variable that sets it. Secrets are masked.
func printConfig(c *config) ([]byte, error) {
	docs, err := configDocs()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := printSection(&b, docs, reflect.ValueOf(*c), "", ""); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func printSection(b *bytes.Buffer, docs map[string]string, v reflect.Value, path, indent string) error {
	for i, name := range keyNames(v.Type()) {
		f := v.Field(i)
		doc, p := docs[v.Type().Name()+"."+v.Type().Field(i).Name], joinPath(path, name)
		for line := range strings.Lines(doc) {
			fmt.Fprintf(b, "%s# %s\n", indent, strings.TrimSuffix(line, "\n"))
		}
		if f.Kind() == reflect.Struct {
			fmt.Fprintf(b, "%s%s:\n", indent, name)
			if err := printSection(b, docs, f, p, indent+"  "); err != nil {
				return err
			}
			continue
		}
		text, err := valueText(f)
		if err != nil {
			return err
		}
		if f.Type() == secretType { // a key that the file may not hold stays a comment
			fmt.Fprintf(b, "%s# %s: %s (%s)\n", indent, name, text, envName(p))
			continue
		}
		fmt.Fprintf(b, "%s%s: %s # %s\n", indent, name, text, envName(p))
	}
	return nil
}

// valueText is a key's value as YAML on one line.
func valueText(v reflect.Value) (string, error) {
	switch t := v.Type(); {
	case t == durationType:
		return shortTime(v.Interface().(time.Duration)), nil
	case t == sizeType, t == secretType:
		return yamlText(fmt.Sprint(v.Interface())), nil
	case v.Kind() == reflect.String:
		return yamlText(v.String()), nil
	case v.Kind() == reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64), nil
	case v.Kind() == reflect.Struct:
		return structText(v)
	case v.Kind() == reflect.Slice:
		var items []string
		for i := range v.Len() {
			s, err := valueText(v.Index(i))
			if err != nil {
				return "", err
			}
			items = append(items, s)
		}
		return "[" + strings.Join(items, ", ") + "]", nil
	case v.Kind() == reflect.Map:
		var items []string
		for _, k := range v.MapKeys() {
			s, err := valueText(v.MapIndex(k))
			if err != nil {
				return "", err
			}
			items = append(items, yamlText(k.String())+": "+s)
		}
		slices.Sort(items)
		return "{" + strings.Join(items, ", ") + "}", nil
	case v.Kind() == reflect.Interface:
		b, err := yaml.MarshalWithOptions(v.Interface(), yaml.JSON())
		return strings.TrimSpace(string(b)), err
	}
	return fmt.Sprint(v.Interface()), nil
}

// structText is a section within a list or a table: what differs from nothing, on one line.
func structText(v reflect.Value) (string, error) {
	var items []string
	for i, name := range keyNames(v.Type()) {
		if v.Field(i).IsZero() {
			continue
		}
		s, err := valueText(v.Field(i))
		if err != nil {
			return "", err
		}
		items = append(items, name+": "+s)
	}
	return "{" + strings.Join(items, ", ") + "}", nil
}

// yamlText writes a text plainly where that cannot be misread.
func yamlText(s string) string {
	plain := s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_' || c == '/' || c == '.' || c >= '0' && c <= '9')
	})
	if plain && (s[0] >= 'a' && s[0] <= 'z' || s[0] >= 'A' && s[0] <= 'Z' || s[0] == '/') && !slices.Contains([]string{"true", "false", "null", "yes", "no", "on", "off"}, strings.ToLower(s)) {
		return s
	}
	return strconv.Quote(s)
}

// shortTime is a duration without its zero parts: 2m, not 2m0s.
func shortTime(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

// configPage is docs/config.md.
func configPage() ([]byte, error) {
	docs, err := configDocs()
	if err != nil {
		return nil, err
	}
	c := defaultConfig()
	c.Instance = ""
	var b bytes.Buffer
	b.WriteString(configIntro)
	err = pageSection(&b, docs, reflect.ValueOf(c), "", "Top level", "")
	return b.Bytes(), err
}

const configIntro = `# Configuration of edge serve

<!-- Written by "go test ./cmd/edge -run TestConfigPage -update" from cmd/edge/config.go. -->

` + "`edge serve --config edge.yaml`" + ` reads one YAML file, then the environment: each key has a variable, which wins over the
file. Without a file, variables alone do. What neither says has the default below.

- A key or a ` + "`FACET_*`" + ` variable that is not in these tables is an error with its line and what was probably meant.
- Secrets come from variables or from files of their own, never from the configuration file.
- Times are written ` + "`500ms`, `2m`, `1h30m`" + `; sizes ` + "`4096`, `96KiB`, `1MiB`" + `. In variables a list of texts is separated by
  commas; other lists and tables are YAML on one line: ` + "`FACET_TIERS_ENV='{CATALOG_URL: \"http://catalog:80\"}'`" + `.
- Paths are relative to where the process starts.
- ` + "`edge serve --print-config`" + ` prints what is in force, with these comments and without secrets; ` + "`edge serve --check`" + ` says what
  is wrong and ends.

`

func pageSection(b *bytes.Buffer, docs map[string]string, v reflect.Value, path, title, doc string) error {
	fmt.Fprintf(b, "## %s\n\n", title)
	if doc != "" {
		fmt.Fprintf(b, "%s\n\n", doc)
	}
	var below []int
	head := false
	for i, name := range keyNames(v.Type()) {
		f := v.Field(i)
		if f.Kind() == reflect.Struct {
			below = append(below, i)
			continue
		}
		if !head {
			b.WriteString("| key | what | type | default | variable |\n|---|---|---|---|---|\n")
			head = true
		}
		if err := pageRow(b, docs[v.Type().Name()+"."+v.Type().Field(i).Name], joinPath(path, name), f, envName(joinPath(path, name))); err != nil {
			return err
		}
		if e := elementOf(f.Type()); e != nil && e.Kind() == reflect.Struct && e != reflect.TypeFor[guardConfig]() {
			if err := pageElement(b, docs, reflect.New(e).Elem(), joinPath(path, name), f.Kind()); err != nil {
				return err
			}
		}
	}
	if head {
		b.WriteString("\n")
	}
	for _, i := range below {
		p := joinPath(path, keyNames(v.Type())[i])
		if err := pageSection(b, docs, v.Field(i), p, "`"+p+"`", docs[v.Type().Name()+"."+v.Type().Field(i).Name]); err != nil {
			return err
		}
	}
	return nil
}

// pageElement writes the keys of what a list or table is made of.
func pageElement(b *bytes.Buffer, docs map[string]string, v reflect.Value, path string, kind reflect.Kind) error {
	path += map[reflect.Kind]string{reflect.Slice: "[]", reflect.Map: ".<name>"}[kind]
	for i, name := range keyNames(v.Type()) {
		f := v.Field(i)
		if f.Kind() == reflect.Struct {
			if err := pageElement(b, docs, f, joinPath(path, name), reflect.Struct); err != nil {
				return err
			}
			continue
		}
		if err := pageRow(b, docs[v.Type().Name()+"."+v.Type().Field(i).Name], joinPath(path, name), f, ""); err != nil {
			return err
		}
	}
	return nil
}

func pageRow(b *bytes.Buffer, doc, path string, f reflect.Value, env string) error {
	text, err := valueText(f)
	if err != nil {
		return err
	}
	if env != "" {
		env = "`" + env + "`"
	}
	if text == `""` {
		text = ""
	}
	if text != "" {
		text = "`" + text + "`"
	}
	_, err = fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n", path, strings.ReplaceAll(strings.ReplaceAll(doc, "\n", " "), "|", "\\|"), typeText(f.Type()), text, env)
	return err
}

func elementOf(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		return t.Elem()
	}
	return nil
}

func typeText(t reflect.Type) string {
	switch {
	case t == durationType:
		return "time"
	case t == sizeType:
		return "size"
	case t == secretType:
		return "secret"
	}
	switch t.Kind() {
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Struct {
			return "list of sections"
		}
		return "list"
	case reflect.Map:
		return "table"
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true, false"
	case reflect.Int, reflect.Float64:
		return "number"
	}
	return t.String()
}
