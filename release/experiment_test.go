package release

import (
	"testing"
	"time"

	"facet/fault"
)

func TestExperiments(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	one := first(t)
	half := []Arm{{"a", 50}, {"b", 50}}
	next, err := one.SetExperiment("", Experiment{Name: "rows", Arms: half}, Note{Why: "try"}, now)
	if err != nil {
		t.Fatal(err)
	}
	if e := next.Experiment("rows"); e == nil || e.Salt != "20261122T100000" {
		t.Fatalf("got %+v", e)
	}
	if one.Experiment("rows") != nil {
		t.Error("the release before is altered")
	}
	more, err := next.SetExperiment("", Experiment{Name: "rows", Arms: []Arm{{"a", 90}, {"b", 10}}, Unit: UnitViewer}, Note{}, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if e := more.Experiment("rows"); e.Salt != "20261122T100000" || next.Experiment("rows").Arms[0].Weight != 50 {
		t.Errorf("the salt moved, or the release before is altered: %+v", e)
	}
	if got := Changed(next, more); len(got) != 1 || got[0] != "experiment rows a 50, b 50 (salt 20261122T100000) -> a 90, b 10 (salt 20261122T100000, by viewer)" {
		t.Errorf("changed: %q", got)
	}
	end, err := more.EndExperiment("", "rows", Note{}, now)
	if err != nil || end.Experiment("rows") != nil {
		t.Errorf("it did not end: %v", err)
	}
	if _, err := end.EndExperiment("", "rows", Note{}, now); fault.KindOf(err) != fault.NotFound {
		t.Errorf("ended twice: %v", err)
	}
	many := make([]Arm, MaxArms+1)
	for i := range many {
		many[i] = Arm{string(rune('A' + i)), 1}
	}
	for name, e := range map[string]Experiment{
		"no arms":                  {Name: "x"},
		"no weight":                {Name: "x", Arms: []Arm{{"a", 0}}},
		"an arm twice":             {Name: "x", Arms: []Arm{{"a", 1}, {"a", 1}}},
		"no name":                  {Arms: half},
		"a name of two words":      {Name: "de nse", Arms: half},
		"a name with a comma":      {Name: "a,b=c", Arms: half},
		"an arm of two words":      {Name: "x", Arms: []Arm{{"a b", 1}}},
		"a unit":                   {Name: "x", Arms: half, Unit: "device"},
		"a field of another type":  {Name: "x", Arms: half, Field: "Title.cell", Default: "a"},
		"no default":               {Name: "x", Arms: half, Field: "Viewer.cell"},
		"a default that is no arm": {Name: "x", Arms: half, Field: "Viewer.cell", Default: "c"},
		"a default of a hash":      {Name: "x", Arms: half, Default: "a"},
		"too many arms":            {Name: "x", Arms: many},
	} {
		if _, err := one.SetExperiment("", e, Note{}, now); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: got %v, want invalid", name, err)
		}
	}
}
