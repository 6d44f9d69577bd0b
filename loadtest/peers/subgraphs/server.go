package subgraphs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// The limits of a request. What gateways send differs by page, not by request: documents and encoded rows are kept.
const (
	maxBody      = 4 << 20
	maxDocuments = 100
)

// A server answers a gateway's operations over its tables. What it costs is no part of what is measured, so it costs little: an
// entity is encoded once for each document that asks for it.
type server struct {
	tables map[string]table
	sdl    string

	mu        sync.RWMutex
	documents map[string]*document
}

// A document is an operation that was parsed, with the rows that were encoded for it.
type document struct {
	operation *ast.OperationDefinition
	fragments ast.FragmentDefinitionList
	rows      sync.Map // rowKey -> []byte
}

type rowKey struct {
	field     *ast.Field
	kind, id  string
	variables string // all but representations, as they came
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Query     string                     `json:"query"`
		Variables map[string]json.RawMessage `json:"variables"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	body, err := s.execute(in.Query, in.Variables)
	if err != nil {
		text, _ := json.Marshal(err.Error()) // a string always encodes
		body = fmt.Appendf(nil, `{"errors":[{"message":%s}]}`, text)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // a gateway that is gone needs no answer
}

func (s *server) document(text string) (*document, error) {
	s.mu.RLock()
	d := s.documents[text]
	s.mu.RUnlock()
	if d != nil {
		return d, nil
	}
	q, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		return nil, err
	}
	if len(q.Operations) != 1 {
		return nil, fmt.Errorf("the document has %d operations", len(q.Operations))
	}
	d = &document{operation: q.Operations[0], fragments: q.Fragments}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.documents == nil || len(s.documents) >= maxDocuments {
		s.documents = map[string]*document{}
	}
	s.documents[text] = d
	return d, nil
}

// A request is one execution of a document.
type request struct {
	*server
	*document
	variables map[string]json.RawMessage
	others    string // rowKey.variables
}

func (s *server) execute(text string, variables map[string]json.RawMessage) ([]byte, error) {
	d, err := s.document(text)
	if err != nil {
		return nil, err
	}
	q := &request{server: s, document: d, variables: variables}
	for _, v := range d.operation.VariableDefinitions {
		if v.Type.NamedType != "" {
			q.others += string(variables[v.Variable]) + ";"
		}
	}
	out := bytes.NewBuffer(make([]byte, 0, 64<<10))
	out.WriteString(`{"data":`)
	if err := q.object(out, []ast.SelectionSet{d.operation.SelectionSet}, "Query", q.root); err != nil {
		return nil, err
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// root is a field of Query.
func (q *request) root(out *bytes.Buffer, fields []*ast.Field) error {
	switch f := fields[0]; f.Name {
	case "__typename":
		out.WriteString(`"Query"`)
		return nil
	case "_service":
		return q.value(out, fields, row{"__typename": "_Service", "sdl": q.sdl})
	case "_entities":
		return q.entities(out, fields)
	case "profile":
		id, err := q.argument(f, "id")
		if err != nil {
			return err
		}
		return q.entity(out, fields, "Profile", fmt.Sprint(id))
	default:
		return fmt.Errorf("there is no Query.%s", f.Name)
	}
}

func (q *request) entities(out *bytes.Buffer, fields []*ast.Field) error {
	var keys []struct {
		Kind string `json:"__typename"`
		ID   string `json:"id"`
	}
	a := fields[0].Arguments.ForName("representations")
	if a == nil || a.Value.Kind != ast.Variable {
		return errors.New("representations are given as a variable")
	}
	if err := json.Unmarshal(q.variables[a.Value.Raw], &keys); err != nil {
		return fmt.Errorf("representations: %w", err)
	}
	out.WriteByte('[')
	for i, k := range keys {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := q.entity(out, fields, k.Kind, k.ID); err != nil {
			return err
		}
	}
	out.WriteByte(']')
	return nil
}

// entity writes a row, from what was kept of it if it can.
func (q *request) entity(out *bytes.Buffer, fields []*ast.Field, kind, id string) error {
	key := rowKey{fields[0], kind, id, q.others}
	if kept, ok := q.rows.Load(key); ok {
		out.Write(kept.([]byte))
		return nil
	}
	t := q.tables[kind]
	r := t.rows[id]
	if r == nil && t.absent != nil {
		r = t.absent(id)
	}
	if r == nil {
		out.WriteString("null")
		return nil
	}
	from := out.Len()
	if err := q.value(out, fields, r); err != nil {
		return err
	}
	q.rows.Store(key, bytes.Clone(out.Bytes()[from:]))
	return nil
}
