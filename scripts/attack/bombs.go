package attack

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// A bomb is an attack that is made by a program, because as a file of the corpus it would be too large or no file at all.
type bomb struct {
	name, about string
	allow       string
	right       string // of the field bad, if it may be harmless
	files       func() map[string][]byte
	archive     func() []byte // in the place of files
}

// bombs are the attacks of class "publish".
func bombs() []*Attack {
	var all []*Attack
	outcomes := map[string]string{}
	text, _ := corpus.ReadFile("testdata/publish/outcomes.txt") // without it nothing is expected, and every bomb fails
	for line := range strings.Lines(string(text)) {
		name, outcome, _ := strings.Cut(strings.TrimSpace(line), ": ")
		outcomes[name] = outcome
	}
	for _, b := range publishBombs {
		a := &Attack{Class: "publish", Name: b.name, About: b.about, Allow: strings.Fields(b.allow), Expect: outcomes[b.name], Right: b.right, Ask: "page"}
		a.archive, a.make = b.archive, b.files
		all = append(all, a)
	}
	return all
}

// one is a package of one more file than usual: the source of the hostile function.
func one(text string) func() map[string][]byte {
	return func() map[string][]byte { return map[string][]byte{"src/attack.ts": []byte(text)} }
}

// nested is a function around an expression that is n deep.
func nested(open, middle, closing string, n int) func() map[string][]byte {
	return one("export const attack = () => String(" + strings.Repeat(open, n) + middle + strings.Repeat(closing, n) + ");\n")
}

// manifest is the files of a package whose manifest has more in it.
func manifest(name string, more map[string]any) func() map[string][]byte {
	return func() map[string][]byte {
		m := map[string]any{"name": "@attack/x-publish-" + name, "version": "1.0.0", "type": "module", "exports": "./src/index.ts",
			"edge": map[string]any{"device": []string{"x-publish-" + name}, "schema": "v1", "graph": "^1"}}
		for k, v := range more {
			m[k] = v
		}
		text, err := json.Marshal(m)
		if err != nil {
			panic(err) // these values are ours
		}
		return map[string][]byte{"package.json": text, "src/attack.ts": []byte("export const attack = () => \"x\";\n")}
	}
}

// many is n pieces of text, each with its number for "%d".
func many(format string, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(format, "%d", fmt.Sprint(i)))
	}
	return b.String()
}

// An entry is one of an archive.
type entry struct {
	name, text, link string
	kind             byte
}

// archive packs entries as they are, however wrong, behind a right manifest.
func archive(name string, entries ...entry) func() []byte {
	return func() []byte {
		files := manifest(name, nil)()
		all := []entry{{name: "package/package.json", text: string(files["package.json"])}, {name: "package/src/index.ts", text: page}, {name: "package/src/attack.ts", text: string(files["src/attack.ts"])}}
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		w := tar.NewWriter(z)
		for _, e := range append(all, entries...) {
			h := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.text)), Typeflag: e.kind, Linkname: e.link, ModTime: time.Unix(0, 0)}
			if h.Typeflag == 0 {
				h.Typeflag = tar.TypeReg
			}
			if err := w.WriteHeader(h); err == nil {
				_, _ = w.Write([]byte(e.text))
			}
		}
		_ = w.Close() // into a buffer
		_ = z.Close()
		return b.Bytes()
	}
}

// zeros is gzip of n zero bytes: a thousand times as much as it is.
func zeros(n int) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	block := make([]byte, 1<<20)
	for ; n > 0; n -= len(block) {
		_, _ = z.Write(block)
	}
	_ = z.Close()
	return b.Bytes()
}

// inline is a source map inside a comment.
func inline(text string) string {
	return "export const attack = () => \"x\";\n//# sourceMappingURL=data:application/json;base64," + base64.StdEncoding.EncodeToString([]byte(text)) + "\n"
}
