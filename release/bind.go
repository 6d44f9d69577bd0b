package release

import (
	"slices"
	"strings"

	"facet/fault"
)

// A Dependency is a module that a package or module links.
type Dependency struct {
	Name  string
	Range string // as its manifest says: a range, an exact version or a dist-tag
	Live  bool   // it follows the module's releases; else it waits for the importer's next publish
}

// Known are the facts that Bind asks for. Both functions must answer the same each time.
type Known struct {
	// Dependencies lists what an importer ("name@version") links, sorted by name.
	Dependencies func(importer string) ([]Dependency, error)
	// Pick is the version of a module that a range means. If among is not empty,
	// it is the one of these versions that the range allows, and "" if there is none;
	// else it is chosen among all published ones, and none is an error.
	Pick func(name, want string, among []string) (string, error)
	// Yanked says whether a version may stay where it is linked and come nowhere else; nil: none is.
	Yanked func(name, version string) (bool, error)
}

// Bind resolves what root ("name@version") links, and what that links, to one version each:
//
//   - a locked dependency keeps what old says for the same importer; new importers are picked afresh;
//   - a live one takes what the environment's modules say, if its range allows that, and if that is yanked only where old has it;
//   - anything else is picked among all published versions.
//
// modules maps Line to version, as Release.Modules. A chain of modules that
// comes back to its beginning is Invalid.
func Bind(root string, old Lock, modules map[string]string, known Known) (Lock, error) {
	lock := Lock{}
	var chain []string
	var visit func(importer string) error
	visit = func(importer string) error {
		if at := slices.Index(chain, importer); at >= 0 {
			return wrong("modules depend on each other in a circle: %s", strings.Join(append(chain[at:], importer), " -> "))
		}
		if _, done := lock[importer]; done {
			return nil
		}
		deps, err := known.Dependencies(importer)
		if err != nil || len(deps) == 0 {
			return err
		}
		chain = append(chain, importer)
		uses := map[string]string{}
		for _, d := range deps {
			id, err := bind(importer, d, old, modules, known)
			if err != nil {
				return &fault.Error{Kind: fault.KindOf(err), Op: "bind", Subject: importer, Message: "cannot resolve " + d.Name + "@" + d.Range, Err: err, Hint: fault.HintOf(err)}
			}
			uses[d.Name] = id
			if err := visit(id); err != nil {
				return err
			}
		}
		lock[importer] = uses
		chain = chain[:len(chain)-1]
		return nil
	}
	if err := visit(root); err != nil {
		return nil, err
	}
	return lock, nil
}

func bind(importer string, d Dependency, old Lock, modules map[string]string, known Known) (string, error) {
	if kept := old[importer][d.Name]; kept != "" && !d.Live {
		return kept, nil
	}
	if d.Live {
		var among []string
		for line, version := range modules {
			if line != Line(d.Name, version) {
				continue
			}
			if known.Yanked != nil && old[importer][d.Name] != d.Name+"@"+version {
				if gone, err := known.Yanked(d.Name, version); err != nil {
					return "", err
				} else if gone {
					continue
				}
			}
			among = append(among, version)
		}
		slices.Sort(among)
		if len(among) > 0 {
			version, err := known.Pick(d.Name, d.Range, among)
			if err != nil {
				return "", err
			}
			if version != "" {
				return d.Name + "@" + version, nil
			}
		}
	}
	version, err := known.Pick(d.Name, d.Range, nil)
	if err != nil {
		return "", err
	}
	return d.Name + "@" + version, nil
}

// Uses says whether the lock links any version of one of the modules.
func (l Lock) Uses(modules map[string]bool) bool {
	for _, uses := range l {
		for name := range uses {
			if modules[name] {
				return true
			}
		}
	}
	return false
}
