package view

// Reads says whether a field of a view or shape of the surface, or the result of a mutation, depends on a context input:
// "device.bandwidth", "cell:denser-rows".
func (s *Surface) Reads(input string) bool { return s.reads[input] }

// readsOf collects the context inputs that anything in the builds depends on.
func readsOf(builds []*Build) map[string]bool {
	set := map[string]bool{}
	var walk func(o *Output)
	walk = func(o *Output) {
		if o == nil {
			return
		}
		for _, f := range o.Fields {
			for _, r := range f.Reads {
				set[r] = true
			}
			walk(f.Output)
		}
		walk(o.Item)
		for _, a := range o.Arms {
			walk(a.Output)
		}
	}
	for _, b := range builds {
		for _, v := range b.Views {
			walk(v.Output)
		}
		for _, sh := range b.Shapes {
			walk(sh.Output)
		}
		for _, m := range b.Mutations {
			walk(m.Output)
		}
	}
	return set
}
