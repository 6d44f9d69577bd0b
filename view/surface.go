package view

import "sync"

// A Surface is one device schema: the union of the builds that a route mounts. It is read-only once made.
type Surface struct {
	Device string
	Schema string
	Builds []*Build // in mount order

	views     map[string]Found[*View]
	mutations map[string]Found[*Mutation]
	shapes    map[string]Found[*Shape]
	loads     map[string]Found[*View]     // private to handlers, by "<handler>.<name>"
	effects   map[string]Found[*Mutation] // likewise
	objects   map[string]*Object
	enums     map[string]*Enum
	inputs    map[string]*Input

	viewOrder, mutationOrder, shapeOrder []string

	asked           *asked           // types one by one, of a surface that was opened again; nil: types has all
	derived, rooted sync.Once        // types; query and mutation
	types           map[string]*Type // without Query and Mutation; all gives them
	query, mutation []*TypeField     // roots gives them

	reads map[string]bool // context inputs that some field depends on
}

// Found is a definition with the place of its build in Surface.Builds: functions are counted per build.
type Found[T any] struct {
	Def   T
	Build int
}

// View finds a view by its exact name.
func (s *Surface) View(name string) (Found[*View], bool) { f, ok := s.views[name]; return f, ok }

// Mutation finds a mutation by its exact name.
func (s *Surface) Mutation(name string) (Found[*Mutation], bool) {
	f, ok := s.mutations[name]
	return f, ok
}

// Shape finds a shape by its exact name.
func (s *Surface) Shape(name string) (Found[*Shape], bool) { f, ok := s.shapes[name]; return f, ok }

// Object finds a computed object's type.
func (s *Surface) Object(name string) (*Object, bool) { o, ok := s.objects[name]; return o, ok }

// Enum finds an enum.
func (s *Surface) Enum(name string) (*Enum, bool) { e, ok := s.enums[name]; return e, ok }

// Input finds an input type.
func (s *Surface) Input(name string) (*Input, bool) { i, ok := s.inputs[name]; return i, ok }
