package pack

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"facet/fault"
)

// Where a package keeps the GraphQL documents of its app.
const (
	// DocumentsFolder has a file for each document, *.graphql or *.gql, and manifests, *.json.
	DocumentsFolder = "documents"
	// DocumentsManifest is a manifest beside package.json, as generators write it.
	DocumentsManifest = "persisted-documents.json"
	apolloManifest    = "persisted-query-manifest.json"
)

// Bounds of the documents of one package.
const (
	MostDocuments = 1_000
	DocumentBytes = 64 << 10 // of one text
	DocumentsRoom = 1 << 20  // bytes of all texts
	documentID    = 200      // bytes of an id
)

// A Document is a GraphQL document that an app sends.
type Document struct {
	// ID is what it is asked for by, beside the SHA-256 of its text; "" if by that alone.
	ID   string
	Text string
	// Pos is its file, or where its entry begins in a manifest.
	Pos fault.Pos
	// Entry says that it stands in a manifest: the lines of Text are not lines of the file.
	Entry bool
}

// DocumentHash is the SHA-256 of a document's text in hex, which is what clients of persisted queries call it by.
func DocumentHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// isDocuments says whether a file of a package holds documents.
func isDocuments(name string) bool {
	if name == DocumentsManifest || name == apolloManifest {
		return true
	}
	return strings.HasPrefix(name, DocumentsFolder+"/") && slices.Contains([]string{".graphql", ".gql", ".json"}, path.Ext(name))
}

// Documents are the GraphQL documents among the package's files, in order of their files, and what is wrong with them: each has its
// limits, an id that is a SHA-256 is that of its text, and no id means two texts. Whether they are valid GraphQL is not looked at.
func (p *Package) Documents() ([]Document, fault.Diagnostics) {
	var k documentReader
	for _, name := range p.Paths() {
		if isDocuments(name) {
			k.file(name, p.Files[name])
		}
	}
	return k.list, k.ds
}

// ReadManifest reads a manifest of documents: one object of ids and texts, as Relay and GraphQL Code Generator write it, or Apollo's
// {"operations": [{"id", "body"}]}. Its error is Invalid.
func ReadManifest(src []byte) ([]Document, error) {
	list, _, err := manifestDocuments("", src)
	return list, err
}

// Check says what is wrong with a document by itself: its length, its encoding, its id.
func (d *Document) Check() error {
	switch {
	case strings.TrimSpace(d.Text) == "":
		return fault.New(fault.Invalid, "the document%s is empty", d.named())
	case len(d.Text) > DocumentBytes:
		return fault.New(fault.Limit, "the document%s has %d bytes; it may have %d", d.named(), len(d.Text), DocumentBytes)
	case !utf8.ValidString(d.Text):
		return fault.New(fault.Invalid, "the document%s is not UTF-8", d.named())
	case len(d.ID) > documentID || strings.ContainsFunc(d.ID, func(r rune) bool { return r < 0x20 || r == 0x7f || r == utf8.RuneError }):
		return fault.New(fault.Invalid, "the id%s is longer than %d bytes, or has control characters", d.named(), documentID)
	}
	if raw, err := hex.DecodeString(d.ID); err == nil && len(raw) == sha256.Size && strings.ToLower(d.ID) != DocumentHash(d.Text) {
		return fault.New(fault.Invalid, "the id%s is not the SHA-256 of its document", d.named()).WithHint("Generate the manifest anew: its texts were changed after it was written")
	}
	return nil
}

func (d *Document) named() string {
	if d.ID == "" {
		return ""
	}
	id := d.ID
	if len(id) > 80 {
		id = strings.ToValidUTF8(id[:80], "") + "…"
	}
	return ` "` + id + `"`
}

// A documentReader collects documents and what is wrong with them.
type documentReader struct {
	list  []Document
	byID  map[string]string // id -> text
	texts map[string]bool
	bytes int
	over  bool
	ds    fault.Diagnostics
}

func (k *documentReader) file(name string, src []byte) {
	if path.Ext(name) != ".json" {
		k.add(Document{Text: string(src), Pos: fault.Pos{File: name, Line: 1, Col: 1}})
		return
	}
	list, off, err := manifestDocuments(name, src)
	if err != nil {
		k.ds.Add(posAt(name, src, off), "P051", fault.HintOf(err), "the manifest of documents cannot be read: %s", fault.Public(err))
		return
	}
	for _, d := range list {
		k.add(d)
	}
}

func (k *documentReader) add(d Document) {
	if k.over {
		return
	}
	if err := d.Check(); err != nil {
		fix := fault.HintOf(err)
		if fix == "" {
			fix = "Write one GraphQL document as the app sends it, or remove it"
		}
		k.ds.Add(d.Pos, "P052", fix, "%s", fault.Public(err))
		return
	}
	hash := DocumentHash(d.Text)
	if strings.EqualFold(d.ID, hash) {
		d.ID = ""
	}
	if old, ok := k.byID[d.ID]; d.ID != "" && ok && old != d.Text {
		k.ds.Add(d.Pos, "P053", "Give one of them another id", "the id %q means two documents", d.ID)
		return
	} else if d.ID != "" && ok || d.ID == "" && k.texts[hash] {
		return // named twice
	}
	if len(k.list) >= MostDocuments || k.bytes+len(d.Text) > DocumentsRoom {
		k.over = true
		k.ds.Add(d.Pos, "P054", "Remove those that no app sends any more, or give the instances a folder: serve.documents.dir", "a package may have %d documents of %d bytes together; this is one too many", MostDocuments, DocumentsRoom)
		return
	}
	if k.byID == nil {
		k.byID, k.texts = map[string]string{}, map[string]bool{}
	}
	if d.ID != "" {
		k.byID[d.ID] = d.Text
	}
	k.texts[hash] = true
	k.bytes += len(d.Text)
	k.list = append(k.list, d)
}

const manifestForm = `A manifest is {"<id>": "<document>"}, or {"operations": [{"id", "body"}]}`

// manifestDocuments reads a manifest, with the place of each entry if file is named. On a mistake it gives the offset.
func manifestDocuments(file string, src []byte) (list []Document, off int, err error) {
	wrong := func(off int, format string, args ...any) ([]Document, int, error) {
		return nil, off, fault.New(fault.Invalid, format, args...).WithHint(manifestForm)
	}
	if i := invalidUTF8(src); i >= 0 {
		return wrong(i, "it is not UTF-8")
	}
	root, off, err := parseJSON(src)
	if err != nil {
		return wrong(off, "it is no JSON: %v", err)
	}
	if !root.is(object) {
		return wrong(root.off, "it is no JSON object")
	}
	lines := lineCounter{file: file, src: src}
	add := func(off int, id, text string) {
		d := Document{ID: id, Text: text, Entry: true}
		if file != "" {
			d.Pos = lines.pos(off)
		}
		list = append(list, d)
	}
	if ops := root.get("operations"); ops.is(array) {
		for _, op := range ops.items {
			id, isID := op.text("id")
			body, isText := op.text("body")
			if !op.is(object) || !isID || !isText || id == "" {
				return wrong(op.off, `an operation has no "id" or no "body"`)
			}
			add(op.off, id, body)
		}
		return list, 0, nil
	}
	for _, f := range root.fields {
		text, ok := f.value.value.(string)
		if !ok || f.name == "" {
			return wrong(f.off, "the entry %q is no document", f.name)
		}
		add(f.off, f.name, text)
	}
	return list, 0, nil
}

// A lineCounter gives the places of offsets that come in order: manifests write each document on a line of megabytes before.
type lineCounter struct {
	file     string
	src      []byte
	at, line int
}

func (l *lineCounter) pos(off int) fault.Pos {
	if off < l.at {
		l.at, l.line = 0, 0
	}
	l.line += bytes.Count(l.src[l.at:off], []byte("\n"))
	l.at = off
	start := bytes.LastIndexByte(l.src[:off], '\n') + 1
	p := posAt(l.file, l.src[start:off], off-start)
	p.Line = l.line + 1
	return p
}
