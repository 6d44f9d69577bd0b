package fake

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"facet/fault"
)

// A Table holds rows by key. Rows are objects by graph field names, lists or scalars; a mutation's Func may Put and
// Delete while reads go on.
type Table struct {
	// By names what makes a row's key, in order: needs and arguments of the operation. By default its needs, or its
	// arguments if it needs nothing.
	By   []string
	mu   sync.RWMutex
	rows map[string]any
}

// NewTable makes a table of rows given by key.
func NewTable(rows map[string]any) *Table {
	t := &Table{rows: make(map[string]any, len(rows))}
	for k, v := range rows {
		t.rows[k] = plain(v)
	}
	return t
}

// plain gives rows the form that they have in answers: maps, lists and scalars.
func plain(row any) any {
	switch row.(type) {
	case map[string]any, []any, string, bool, nil:
		return row
	}
	if n, ok := normal(row); ok {
		return n
	}
	return row
}

// ParseTable makes a table of a JSON object of rows by key; it panics if that is what the text is not.
func ParseTable(text string) *Table {
	t := &Table{}
	if err := json.Unmarshal([]byte(text), &t.rows); err != nil {
		panic("fake table: " + err.Error())
	}
	return t
}

// Keyed sets By and returns the table.
func (t *Table) Keyed(by ...string) *Table { t.By = by; return t }

// Key joins the parts of a row's key.
func Key(parts ...string) string { return strings.Join(parts, "~") }

// Put writes a row; rows are not changed once they are in.
func (t *Table) Put(key string, row any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rows == nil {
		t.rows = map[string]any{}
	}
	t.rows[key] = plain(row)
}

// Get reads a row.
func (t *Table) Get(key string) (any, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	v, ok := t.rows[key]
	return v, ok
}

// Delete removes a row.
func (t *Table) Delete(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.rows, key)
}

// Update replaces a row by what f makes of it, with nobody between; f gets nil if there is none.
func (t *Table) Update(key string, f func(row any) any) any {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rows == nil {
		t.rows = map[string]any{}
	}
	t.rows[key] = plain(f(t.rows[key]))
	return t.rows[key]
}

func (t *Table) key(r *Request, k int) string {
	by := t.By
	if len(by) == 0 {
		by = r.Operation.Needs
		if len(by) == 0 {
			by = r.Operation.Args
		}
	}
	parts := make([]string, len(by))
	for i, name := range by {
		if n := slices.Index(r.Operation.Needs, name); n >= 0 {
			parts[i] = Text(r.Needs[n][k])
		} else {
			parts[i] = r.Arg(name)
		}
	}
	return Key(parts...)
}

func (t *Table) answer(r *Request, lies Lies) (any, error) {
	if !r.Operation.Batch {
		key := t.key(r, 0)
		row, ok := t.Get(key)
		if !ok || slices.Contains(lies.Drop, key) {
			return nil, &fault.Error{Kind: fault.NotFound, Op: "tier", Subject: r.Operation.ID, Message: "no such row"}
		}
		if list, ok := row.([]any); ok {
			return page(r, list)
		}
		return unselect(r.Operation.Selection, lied(row, lies)), nil
	}
	var rows []any
	for k := range r.Len() {
		key := t.key(r, k)
		row, ok := t.Get(key)
		if !ok || slices.Contains(lies.Drop, key) {
			continue
		}
		full := keyed(r, k, lied(row, lies))
		rows = append(rows, full)
		if lies.Repeat {
			rows = append(rows, keyed(r, k, map[string]any{}))
		}
	}
	if lies.Reverse {
		slices.Reverse(rows)
	}
	if lies.Extra {
		extra := map[string]any{}
		for _, n := range r.Operation.Needs {
			extra[n] = "nobody-asked"
		}
		rows = slices.Insert(rows, 0, any(extra))
	}
	return unselect(r.Operation.Selection, rows), nil
}

// keyed adds the key of the k-th parent to its row, by which rows are matched.
func keyed(r *Request, k int, row any) any {
	m, ok := row.(map[string]any)
	if !ok {
		return row
	}
	c := make(map[string]any, len(m)+len(r.Needs))
	for i, n := range r.Operation.Needs {
		c[n] = r.Needs[i][k]
	}
	for f, v := range m {
		c[f] = v
	}
	return c
}

func lied(row any, lies Lies) any {
	m, ok := row.(map[string]any)
	if !ok || len(lies.Fields) == 0 {
		return row
	}
	c := make(map[string]any, len(m))
	for f, v := range m {
		c[f] = v
	}
	for f, v := range lies.Fields {
		c[f] = json.RawMessage(v)
	}
	return c
}
