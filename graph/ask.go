package graph

import "slices"

// Item returns the item that gives a field, or nil.
func (s *Selection) Item(field string) *SelectionItem {
	if s == nil {
		return nil
	}
	for _, it := range s.Items {
		if it.Field == field {
			return it
		}
	}
	return nil
}

// walk calls f with s and every mapping below its items.
func (s *Selection) walk(f func(*Selection)) {
	if s == nil {
		return
	}
	f(s)
	for _, it := range s.Items {
		it.Value.walk(f)
	}
}

// Case returns the case of ->match that makes a member, or nil: the first one, else the default.
func (m *Match) Case(member string) *MatchCase {
	if m == nil {
		return nil
	}
	for i := range m.Cases {
		if m.Cases[i].Member == member {
			return &m.Cases[i]
		}
	}
	if m.Default != nil && m.Default.Member == member {
		return m.Default
	}
	return nil
}

// Rows says that the operation's answer is made of rows of Type (its keys with fields, or with the one Field),
// so that Selection maps a row. Otherwise Selection maps the field's value.
func (op *Operation) Rows() bool { return op.On == OnType || op.Batch }

// Gives is the set of field paths that the operation's selection maps: below Type where Rows, else below the field's type.
// Steps are joined by "."; below a union or interface a step is "Member:field".
func (op *Operation) Gives() map[string]bool {
	set := map[string]bool{}
	op.Selection.gives("", set)
	return set
}

func (s *Selection) gives(prefix string, set map[string]bool) {
	if s == nil {
		return
	}
	for _, it := range s.Items {
		set[prefix+it.Field] = true
		it.Value.gives(prefix+it.Field+".", set)
	}
	if s.Match == nil {
		return
	}
	for _, c := range s.Match.Cases {
		c.Selection.gives(prefix+c.Member+":", set)
	}
	if d := s.Match.Default; d != nil {
		d.Selection.gives(prefix+d.Member+":", set)
	}
}

// Loader returns the first loader of t, in document order, that gives a field; nil if none does.
func (t *Type) Loader(field string) *Operation {
	for _, op := range t.Loaders {
		if op.Selection.Item(field) != nil {
			return op
		}
	}
	return nil
}

// IsKey says whether the field is one of the type's key.
func (t *Type) IsKey(field string) bool { return slices.Contains(t.Key, field) }
