package graphql

import (
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// language is what every schema has of GraphQL itself: four times the text of an ordinary device schema. It is parsed once and read only.
var language = sync.OnceValue(validator.PreludeDocument)

// loadSchema makes a schema of its text. The text extends nothing of the language, and the language's definitions carry no directives, which
// loading would write into.
func loadSchema(text string) (*ast.Schema, error) {
	own, err := parser.ParseSchema(&ast.Source{Name: "schema", Input: text})
	if err != nil {
		return nil, err
	}
	var all ast.SchemaDocument
	all.Merge(language())
	all.Merge(own)
	return validator.ValidateSchemaDocument(&all)
}
