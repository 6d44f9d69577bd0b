package plain

// A Kind is a declared result type, resolved.
type Kind struct {
	Name    string // "Int", "Progress"
	NonNull bool
	Elem    *Kind           // of a list
	Fields  []Field         // of an object
	Values  map[string]bool // of an enum
}

// A Field is a field of an object.
type Field struct {
	Name string
	Key  []byte // `"name":`
	Kind *Kind
}

// maxDepth of a result.
const maxDepth = 32

var anything = &Kind{Name: "JSON"}
