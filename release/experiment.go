package release

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"facet/fault"
)

// An Experiment gives askers a cell: an arm, chosen by a hash with the salt, or by a field of the graph.
type Experiment struct {
	Name string `json:"name"`
	Salt string `json:"salt"`
	Arms []Arm  `json:"arms"`
	// Unit is what a cell sticks to: UnitProfile or UnitViewer; "" is UnitProfile.
	Unit string `json:"unit,omitempty"`
	// Field is the graph field that allocates cells, "Viewer.cell" or "Profile.cell": a String, with an argument
	// "experiment" or none. The weights then say only which shares are expected. "": cells are hashed.
	Field string `json:"field,omitempty"`
	// Default is the arm where the tier of Field fails, is late or says nothing.
	Default string `json:"default,omitempty"`
}

// An Arm is one variant of an experiment.
type Arm struct {
	Name   string `json:"name"`
	Weight int    `json:"weight"`
}

// What a cell sticks to.
const (
	UnitProfile = "profile"
	UnitViewer  = "viewer"
)

// The bounds of experiments.
const (
	MaxExperiments = 1000 // of a release
	MaxArms        = 64   // of one experiment
)

// experimentForm is what experiments and arms are called: Facet-Cells has experiment=arm with commas, and both are labels of metrics.
var experimentForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_./:@-]{0,199}$`)

var fieldForm = regexp.MustCompile(`^(Viewer|Profile)\.[_A-Za-z][_0-9A-Za-z]{0,99}$`)

// how says for people how cells come about.
func (e *Experiment) how() string {
	text := "salt " + e.Salt
	if e.Field != "" {
		text = "by " + e.Field + ", else " + e.Default
	}
	if e.Unit != "" && e.Unit != UnitProfile {
		text += ", by " + e.Unit
	}
	return text
}

// Equal says whether two experiments put everybody into the same arms.
func (e *Experiment) Equal(o *Experiment) bool {
	return e.Name == o.Name && e.Salt == o.Salt && e.Unit == o.Unit && e.Field == o.Field && e.Default == o.Default && slices.Equal(e.Arms, o.Arms)
}

// Experiment is the experiment of a name, or nil.
func (r *Release) Experiment(name string) *Experiment {
	i, ok := slices.BinarySearchFunc(r.Experiments, name, func(e Experiment, n string) int { return strings.Compare(e.Name, n) })
	if !ok {
		return nil
	}
	return &r.Experiments[i]
}

// SetExperiment is the release that follows r with an experiment as it shall be. An experiment without a salt keeps the one
// that it has, so that a change of weights moves as few as it can; a new one has the release's time.
func (r *Release) SetExperiment(parent string, e Experiment, note Note, now time.Time) (*Release, error) {
	names := []string{e.Name}
	for _, a := range e.Arms {
		names = append(names, a.Name)
	}
	for _, name := range names {
		if !experimentForm.MatchString(name) {
			return nil, fault.New(fault.Invalid, "%.80q cannot be the name of an experiment or an arm", name).WithHint("letters, digits and _ . - / : @, at most 200, beginning with a letter, a digit or _")
		}
	}
	n := r.Clone()
	n.stamp(parent, note, now)
	e.Arms = slices.Clone(e.Arms)
	old := n.Experiment(e.Name)
	if e.Salt == "" {
		e.Salt = now.UTC().Format("20060102T150405")
		if old != nil {
			e.Salt = old.Salt
		}
	}
	if old != nil {
		*old = e
	} else {
		n.Experiments = append(n.Experiments, e)
	}
	n.canonical()
	return n, n.Check()
}

// EndExperiment is the release that follows r without an experiment: nobody has a cell of it then.
func (r *Release) EndExperiment(parent, name string, note Note, now time.Time) (*Release, error) {
	if r.Experiment(name) == nil {
		return nil, fault.New(fault.NotFound, "there is no experiment %q", name).WithHint("edge experiment list shows them")
	}
	n := r.Clone()
	n.stamp(parent, note, now)
	n.Experiments = slices.DeleteFunc(n.Experiments, func(e Experiment) bool { return e.Name == name })
	n.canonical()
	return n, n.Check()
}

func (r *Release) checkExperiments() error {
	if len(r.Experiments) > MaxExperiments {
		return wrong("it has %d experiments; %d is the most", len(r.Experiments), MaxExperiments)
	}
	for i, e := range r.Experiments {
		if e.Name == "" || len(e.Name) > 200 || (i > 0 && r.Experiments[i-1].Name >= e.Name) {
			return wrong("the experiment %q is unnamed, named twice or out of order", e.Name)
		}
		if err := e.check(); err != nil {
			return err
		}
	}
	return nil
}

func (e *Experiment) check() error {
	if len(e.Arms) > MaxArms {
		return wrong("the experiment %s has %d arms; %d is the most", e.Name, len(e.Arms), MaxArms)
	}
	names, total := map[string]bool{}, 0
	for _, a := range e.Arms {
		if a.Name == "" || len(a.Name) > 200 || names[a.Name] || a.Weight < 0 || a.Weight > MaxWeight {
			return wrong("the arm %q of the experiment %s is unnamed, named twice or has no weight", a.Name, e.Name)
		}
		names[a.Name] = true
		total += a.Weight
	}
	switch {
	case total == 0:
		return wrong("the experiment %s has no arm with a weight", e.Name)
	case len(e.Salt) > 200:
		return wrong("the salt of the experiment %s has %d bytes; 200 is the most", e.Name, len(e.Salt))
	case e.Unit != "" && e.Unit != UnitProfile && e.Unit != UnitViewer:
		return wrong("the experiment %s sticks to %q; it may stick to %s or %s", e.Name, e.Unit, UnitProfile, UnitViewer)
	case e.Field != "" && !fieldForm.MatchString(e.Field):
		return wrong("the experiment %s is allocated by %q, which is no field of Viewer or Profile", e.Name, e.Field).WithHint(`write "Viewer.cell"`)
	case e.Field != "" && !names[e.Default]:
		return wrong("the experiment %s falls back to %q, which is none of its arms", e.Name, e.Default).WithHint("name the arm of those whose cell cannot be loaded")
	case e.Field == "" && e.Default != "":
		return wrong("the experiment %s falls back to %q, but nothing can fail: it is allocated by no field", e.Name, e.Default)
	}
	return nil
}
