package view

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash/fnv"
	"iter"
	"slices"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/s2"
)

// A Document is a GraphQL document that a package's app sends.
type Document struct {
	ID   string `json:"id,omitempty"` // what it is asked for by, beside the SHA-256 of its text in hex; "" if by that alone
	Text string `json:"text"`
}

// Documents are those of a build. They rest compressed, in blocks: an app has hundreds, of which a version that is open holds no more than
// where they are. It is read-only once made.
type Documents struct {
	only   bool
	n      int
	bytes  int // of all texts
	blocks [][]byte
	at     []documentPlace // by key, ascending
}

// A documentPlace is where a document stands, under the hash of its id or of its text's SHA-256.
type documentPlace struct {
	key   uint64
	block uint32
	off   uint32 // in the block: the id, then the text
	size  uint32 // of the text
	id    uint32 // of the id
	no    uint32 // which of all it is
}

// Bounds of what a build may hold of documents; pack's are as low or lower.
const (
	mostDocuments  = 1_000
	documentsBytes = 1 << 20
	documentBlock  = 32 << 10 // bytes before they are compressed; a longer text has a block of its own
	maxDocumentID  = 255
)

// NewDocuments packs documents; only says that the package's endpoint answers no others. It is nil where there is nothing to say.
func NewDocuments(only bool, list []Document) *Documents {
	if len(list) == 0 && !only {
		return nil
	}
	d := &Documents{only: only, n: len(list)}
	var block []byte
	flush := func() {
		if len(block) > 0 {
			d.blocks = append(d.blocks, bytes.Clone(s2.EncodeBetter(nil, block)))
			block = block[:0]
		}
	}
	for no, one := range list {
		if len(block) > 0 && len(block)+len(one.ID)+len(one.Text) > documentBlock {
			flush()
		}
		p := documentPlace{block: uint32(len(d.blocks)), off: uint32(len(block)), size: uint32(len(one.Text)), id: uint32(len(one.ID)), no: uint32(no)}
		block = append(append(block, one.ID...), one.Text...)
		d.bytes += len(one.Text)
		p.key = documentKey(textHash(one.Text))
		d.at = append(d.at, p)
		if one.ID != "" {
			p.key = documentKey(one.ID)
			d.at = append(d.at, p)
		}
	}
	flush()
	slices.SortStableFunc(d.at, func(a, b documentPlace) int { return cmp.Compare(a.key, b.key) })
	d.at = slices.Clip(d.at)
	return d
}

func documentKey(id string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // it never fails
	return h.Sum64()
}

func textHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Only says that the package's endpoint answers no document but known ones. Nil has none.
func (d *Documents) Only() bool { return d != nil && d.only }

// Len is how many there are.
func (d *Documents) Len() int {
	if d == nil {
		return 0
	}
	return d.n
}

// Bytes is the length of all texts.
func (d *Documents) Bytes() int {
	if d == nil {
		return 0
	}
	return d.bytes
}

// Find is the text of a document by its id, or by the SHA-256 of its text in hex.
func (d *Documents) Find(id string) (string, bool) {
	if d == nil || id == "" {
		return "", false
	}
	key := documentKey(id)
	i, ok := slices.BinarySearchFunc(d.at, key, func(p documentPlace, key uint64) int { return cmp.Compare(p.key, key) })
	for ; ok && i < len(d.at) && d.at[i].key == key; i++ {
		p := d.at[i]
		block, err := s2.Decode(nil, d.blocks[p.block])
		if err != nil {
			return "", false
		}
		one := p.in(block)
		if one.ID == id || textHash(one.Text) == id {
			return one.Text, true
		}
	}
	return "", false
}

// in is a place's document. Its text keeps nothing of the block.
func (p *documentPlace) in(block []byte) Document {
	mid := p.off + p.id
	return Document{ID: string(block[p.off:mid]), Text: string(block[mid : mid+p.size])}
}

// All gives the documents in the order of the package's files.
func (d *Documents) All() iter.Seq[Document] {
	return func(yield func(Document) bool) {
		if d == nil {
			return
		}
		order := make([]documentPlace, d.n)
		for _, p := range d.at {
			order[p.no] = p
		}
		var block []byte
		for i, p := range order {
			if i == 0 || order[i-1].block != p.block {
				var err error
				if block, err = s2.Decode(nil, d.blocks[p.block]); err != nil {
					return
				}
			}
			if !yield(p.in(block)) {
				return
			}
		}
	}
}

// Equal says whether both hold the same documents and say the same of others.
func (d *Documents) Equal(o *Documents) bool {
	return d.Only() == o.Only() && d.Len() == o.Len() && slices.Equal(slices.Collect(d.All()), slices.Collect(o.All()))
}

// A documentsForm is how they are encoded.
type documentsForm struct {
	Only bool       `json:"only,omitempty"`
	List []Document `json:"list,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (d *Documents) MarshalJSON() ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	err := enc.Encode(documentsForm{Only: d.only, List: slices.Collect(d.All())})
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), err
}

// UnmarshalJSONFrom implements jsonv2.UnmarshalerFrom. It accepts what a package may have, and no more.
func (d *Documents) UnmarshalJSONFrom(from *jsontext.Decoder) error {
	var form documentsForm
	if err := jsonv2.UnmarshalDecode(from, &form); err != nil {
		return err
	}
	size, seen := 0, make(map[string]bool, len(form.List))
	for _, one := range form.List {
		size += len(one.Text)
		if one.ID != "" && seen[one.ID] || len(one.ID) > maxDocumentID || strings.TrimSpace(one.Text) == "" {
			return errors.New("a document is empty, or its id is too long or another's")
		}
		seen[one.ID] = true
	}
	if len(form.List) > mostDocuments || size > documentsBytes {
		return errors.New("there are too many documents, or they are too long")
	}
	made := NewDocuments(form.Only, form.List)
	if made == nil {
		return errors.New("documents without any")
	}
	*d = *made
	return nil
}

// Held is about how many bytes they take at rest.
func (d *Documents) Held() int {
	if d == nil {
		return 0
	}
	n := 32 * cap(d.at)
	for _, b := range d.blocks {
		n += cap(b)
	}
	return n
}
