package composer

import (
	"encoding/json"
	"slices"
	"strings"

	"facet/asker"
)

// An Exposure is an arm of an experiment that an answer depends on.
type Exposure struct {
	Experiment, Arm string
}

// exposed adds the arms that are not yet among those of a document: it is one exposure to each, however many of its mutations read it.
func exposed(list, more []Exposure) []Exposure {
	for _, e := range more {
		if !slices.Contains(list, e) {
			list = append(list, e)
		}
	}
	return list
}

// A planCell is a cell that a plan reads, with how it comes about: another way needs another plan.
type planCell struct {
	name  string
	how   asker.Allocation
	value vid
}

// allocated says whether an asker's cells come about as the plan's do.
func (p *plan) allocated(a *asker.Asker) bool {
	for i := range p.cells {
		if c := &p.cells[i]; a.Allocation(c.name) != c.how {
			return false
		}
	}
	return true
}

// cellOf is the asker's arm of an experiment: known with the request, or loaded as any field of the viewer is, beside the
// other operations. What depends on a loaded one waits for it; where it cannot be loaded the experiment's default stands,
// and the answer is degraded.
func (p *planner) cellOf(context string) vid {
	name, is := strings.CutPrefix(context, cellPrefix)
	if !is {
		return p.context(context)
	}
	for _, c := range p.p.cells {
		if c.name == name {
			return c.value
		}
	}
	c := planCell{name: name, how: p.asker.Allocation(name)}
	if c.how.Field == "" {
		c.value = p.context(context)
	} else {
		c.value = p.loadedCell(name, c.how)
	}
	p.p.cells = append(p.p.cells, c)
	return c.value
}

const cellPrefix = "cell:"

func (p *planner) loadedCell(name string, how asker.Allocation) vid {
	fallback := p.lit(appendQuoted(nil, how.Default))
	of, field, _ := strings.Cut(how.Field, ".")
	key := "viewer.id"
	if of == "Profile" {
		key = "viewer.profile.id"
	}
	t := p.g.Types[of]
	if t == nil || len(t.Key) != 1 || t.Field(field) == nil { // of another graph version: nothing is known of the cell
		return fallback
	}
	args := map[string]vid{}
	if t.Field(field).Arg("experiment") != nil {
		args["experiment"] = p.lit(appendQuoted(nil, name))
	}
	loaded := p.field(p.entity(t, []vid{p.context(key)}), field, args, -1)
	p.addReads([]string{key})
	for _, op := range t.Field(field).Operations {
		p.addReads(op.Context)
	}
	v := blank(vOrElse)
	o := *p.at(loaded)
	v.of, v.els, v.ref, v.typ, v.place, v.space = loaded, fallback, o.ref, o.typ, o.place, o.space
	return p.add(v)
}

// exposures are the arms that the answer depends on. Those that were not decided, since what needs them was not asked, are none.
func (x *exec) exposures() []Exposure {
	if len(x.p.cells) == 0 {
		return nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	out := make([]Exposure, 0, len(x.p.cells))
	for _, c := range x.p.cells {
		v := x.cell(c.value, 0, 0)
		if v.kind != kText && v.kind != kEscaped || v.deg != 0 {
			continue
		}
		var arm string
		if json.Unmarshal(x.bytes(v), &arm) == nil {
			out = append(out, Exposure{c.name, arm})
		}
	}
	return out
}
