package graphql

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	gqlgen "github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"facet/fault"
)

// A document is a validated text with its operations compiled.
type document struct {
	text     string
	hash     string // sha256 of the text, in hex
	ast      *ast.QueryDocument
	programs map[*ast.OperationDefinition]*program
}

// A gate is the OperationParameterMutator that stands before gqlgen's executor: it finds the document that is meant,
// measures it, validates it, and leaves it with the request, where the executor's query cache finds it.
type gate struct{ e *engine }

// ExtensionName is the gate's name in gqlgen.
func (gate) ExtensionName() string { return "FacetGate" }

// Validate accepts any schema.
func (gate) Validate(gqlgen.ExecutableSchema) error { return nil }

// MutateOperationParameters fills the request's document, or says why there is none.
func (g gate) MutateOperationParameters(ctx context.Context, p *gqlgen.RawParams) *gqlerror.Error {
	c := asked(ctx)
	fail := func(err *gqlerror.Error, f *fault.Error) *gqlerror.Error {
		c.failed = f
		return err
	}
	if f := g.persisted(c, p); f != nil {
		return fail(request(f), f)
	}
	doc, ok := g.e.docs.Get(p.Query)
	if !ok {
		var f *fault.Error
		if doc, c.invalid, f = g.read(p.Query); f != nil {
			return fail(c.invalid[0], f)
		}
		g.e.docs.Add(p.Query, doc, len(p.Query)*documentCost)
	}
	c.doc = doc
	op := doc.ast.Operations.ForName(p.OperationName)
	if op == nil {
		f := fault.New(fault.Invalid, "the document has no operation %q", clip(p.OperationName))
		if p.OperationName == "" {
			f = fault.New(fault.Invalid, "the document has %d operations: operationName must name one", len(doc.ast.Operations))
		}
		return fail(request(f), f)
	}
	return nil
}

// documentCost is about how many bytes a validated document takes for each byte of its text.
const documentCost = 24

// errParse marks a document that cannot be parsed, which the edition of 2026 tells apart from one that is not valid.
var errParse = errors.New("parse")

// maxInvalid is how many mistakes of one document are told.
const maxInvalid = 10

// read parses, measures, validates and compiles a document. If it fails, the list has an error at least.
func (g gate) read(text string) (*document, gqlerror.List, *fault.Error) {
	l := g.e.h.limits
	if len(text) > l.Document {
		f := past("bytes", l.Document)
		return nil, gqlerror.List{request(f)}, f
	}
	d, err := parser.ParseQueryWithTokenLimit(&ast.Source{Name: "document", Input: text}, l.Tokens)
	if err != nil {
		f := fault.New(fault.Invalid, "%s", plain(err))
		f.Err = errParse
		switch { // the parser has no error values for these
		case strings.Contains(f.Message, "exceeded token limit"):
			f = past("tokens", l.Tokens)
		case strings.Contains(f.Message, "exceeded maximum nesting depth"):
			f = past("levels of depth", l.Depth)
		}
		return nil, gqlerror.List{located(request(f), err)}, f
	}
	if len(d.Operations) == 0 {
		f := fault.New(fault.Invalid, "the document has no operation")
		return nil, gqlerror.List{request(f)}, f
	}
	if f := l.measure(d); f != nil {
		return nil, gqlerror.List{request(f)}, f
	}
	if !g.e.h.introspection && introspects(d) {
		f := fault.New(fault.Forbidden, "introspection is off here")
		return nil, gqlerror.List{request(f)}, f
	}
	sum := sha256.Sum256([]byte(text))
	if g.e.kept.Knows(sum) { // this schema, opened before, allowed it
		link(d)
	} else {
		if list, f := g.validate(d); f != nil {
			return nil, list, f
		}
		if len(d.Operations) == 1 { // values in fragments belong to one operation: link knows to which
			g.e.kept.Learn(sum)
		}
	}
	g.e.release(d)
	doc := &document{text: text, hash: hex.EncodeToString(sum[:]), ast: d, programs: make(map[*ast.OperationDefinition]*program, len(d.Operations))}
	for _, op := range d.Operations {
		p, f := g.e.program(op, d.Fragments)
		if f != nil {
			return nil, gqlerror.List{request(f)}, f
		}
		doc.programs[op] = p
	}
	return doc, nil, nil
}

// validate holds a document against the whole schema, and notes in it what its names mean.
func (g gate) validate(d *ast.QueryDocument) (gqlerror.List, *fault.Error) {
	schema, err := g.e.whole()
	if err != nil {
		f := &fault.Error{Kind: fault.Internal, Err: err}
		return gqlerror.List{request(f)}, f
	}
	if errs := validator.ValidateWithRules(schema, d, rulesOf(false)); len(errs) > 0 {
		if g.e.h.introspection && len(errs) <= maxInvalid { // looking for near names costs more than all the rest
			errs = validator.ValidateWithRules(schema, d, rulesOf(true))
		}
		var list gqlerror.List
		for _, err := range errs[:min(len(errs), maxInvalid)] {
			list = append(list, located(request(fault.New(fault.Invalid, "%s", g.sentence(err.Message))), err))
		}
		return list, fault.New(fault.Invalid, "%s", list[0].Message)
	}
	return nil, nil
}

// rulesOf are GraphQL's rules, with near names or without: those tell the schema, and take their time.
func rulesOf(near bool) *rules.Rules {
	r := rules.NewDefaultRules()
	if !near {
		r.ReplaceRule(rules.FieldsOnCorrectTypeRule.Name, rules.FieldsOnCorrectTypeRuleWithoutSuggestions.RuleFunc)
		r.ReplaceRule(rules.ScalarLeafsRule.Name, rules.ScalarLeafsRuleWithoutSuggestions.RuleFunc)
		r.ReplaceRule(rules.KnownArgumentNamesRule.Name, rules.KnownArgumentNamesRuleWithoutSuggestions.RuleFunc)
		r.ReplaceRule(rules.KnownTypeNamesRule.Name, rules.KnownTypeNamesRuleWithoutSuggestions.RuleFunc)
		r.ReplaceRule(rules.ValuesOfCorrectTypeRule.Name, rules.ValuesOfCorrectTypeRuleWithoutSuggestions.RuleFunc)
	}
	return r
}

// sentence is a validation message that may leave.
func (g gate) sentence(s string) string {
	if !g.e.h.introspection {
		if i := strings.Index(s, " Did you mean"); i >= 0 {
			s = s[:i]
		}
	}
	if len(s) > 500 {
		s = s[:500] + "…"
	}
	return s
}

// introspects says whether a document asks for the schema.
func introspects(d *ast.QueryDocument) bool {
	var in func(set ast.SelectionSet) bool
	in = func(set ast.SelectionSet) bool {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				if s.Name == "__schema" || s.Name == "__type" {
					return true
				}
			case *ast.InlineFragment:
				if in(s.SelectionSet) {
					return true
				}
			}
		}
		return false
	}
	for _, op := range d.Operations {
		if in(op.SelectionSet) {
			return true
		}
	}
	for _, f := range d.Fragments {
		if in(f.SelectionSet) {
			return true
		}
	}
	return false
}

// persisted fills the query of a request that names a document instead of carrying it, and keeps one that does both.
func (g gate) persisted(c *call, p *gqlgen.RawParams) *fault.Error {
	h := g.e.h
	if c.documentID != "" {
		text, ok := g.e.trust(c.route, c.documentID)
		if !ok {
			return fault.New(fault.NotFound, "there is no document %q in what is served now", clip(c.documentID))
		}
		p.Query = text
		return nil
	}
	hash, f := persistedHash(p.Extensions)
	if f != nil {
		return f
	}
	if hash != "" && p.Query == "" {
		if text, ok := g.e.trust(c.route, hash); ok {
			p.Query = text
			return nil
		}
	}
	if g.e.only(c.route) {
		if sum := sha256.Sum256([]byte(p.Query)); p.Query != "" {
			if _, ok := g.e.trust(c.route, hex.EncodeToString(sum[:])); ok {
				return nil
			}
		}
		return fault.New(fault.Forbidden, "only trusted documents are answered here: publish this one with its package")
	}
	switch {
	case hash == "":
		if p.Query == "" {
			return fault.New(fault.Invalid, "the document is empty")
		}
	case p.Query == "":
		text, ok := h.known.get(c.route, hash)
		if !ok {
			return errNotPersisted
		}
		p.Query = text
	default:
		if sum := sha256.Sum256([]byte(p.Query)); hex.EncodeToString(sum[:]) != hash {
			return fault.New(fault.Invalid, "sha256Hash is not the hash of the query")
		}
		h.known.add(c.route, hash, p.Query)
	}
	return nil
}

// errNotPersisted is what clients of automatic persisted queries wait for before they send the text; both words are theirs.
var errNotPersisted = &fault.Error{Kind: fault.NotFound, Message: "PersistedQueryNotFound"}

func persistedHash(ext map[string]any) (string, *fault.Error) {
	v, ok := ext["persistedQuery"]
	if !ok || v == nil {
		return "", nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		return "", fault.New(fault.Invalid, "extensions.persistedQuery is no object")
	}
	if n, ok := m["version"]; !ok || !isOne(n) {
		return "", fault.New(fault.Invalid, "extensions.persistedQuery.version is not 1")
	}
	hash, ok := m["sha256Hash"].(string)
	if !ok || len(hash) != 2*sha256.Size {
		return "", fault.New(fault.Invalid, "extensions.persistedQuery.sha256Hash is no sha256 in hex")
	}
	return strings.ToLower(hash), nil
}
