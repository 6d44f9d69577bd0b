package release

import (
	"maps"
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
	// Versions lists all published versions of a module that new bindings may have; nil: diamonds keep what each importer picked.
	Versions func(name string) ([]string, error)
	// Yanked says whether a version may stay where it is linked and come nowhere else; nil: none is.
	Yanked func(name, version string) (bool, error)
}

// Bind resolves what root ("name@version") links, and what that links, to one version each:
//
//   - a locked dependency keeps what old says for the same importer; new importers are picked afresh;
//   - a live one takes what the environment's modules say, if its range allows that, and if that is yanked only where old has it;
//   - anything else is picked among all published versions.
//
// Importers of one module then share a version where their ranges allow: what was picked afresh takes a version that a lock or the
// environment holds anyway, or else the one that most of them allow. Where no version is in all ranges there are several.
//
// modules maps Line to version, as Release.Modules. A chain of modules that
// comes back to its beginning is Invalid.
func Bind(root string, old Lock, modules map[string]string, known Known) (Lock, error) {
	b := &binder{old: old, modules: modules, known: known, shared: map[use]string{}}
	for range maxRounds {
		b.lock, b.chain, b.asks = Lock{}, nil, nil
		if err := b.visit(root); err != nil {
			return nil, err
		}
		if more, err := b.share(); err != nil {
			return nil, err
		} else if !more {
			break
		}
	}
	return b.lock, nil
}

// maxRounds bounds how often a binding begins again because a shared version links other modules than the one before.
const maxRounds = 16

// A binder is one binding under way.
type binder struct {
	old     Lock
	modules map[string]string
	known   Known
	lock    Lock
	chain   []string
	asks    []ask
	shared  map[use]string // versions that are not what their importer alone would pick
}

// A use is an importer's use of a module's name.
type use struct{ importer, name string }

// An ask is a use with what it came to.
type ask struct {
	use
	want, version string
	fixed         bool // a lock or the environment says so
}

func (b *binder) visit(importer string) error {
	if at := slices.Index(b.chain, importer); at >= 0 {
		return wrong("modules depend on each other in a circle: %s", strings.Join(append(b.chain[at:], importer), " -> ")).WithHint("Move what both need into a third module")
	}
	if _, done := b.lock[importer]; done {
		return nil
	}
	deps, err := b.known.Dependencies(importer)
	if err != nil || len(deps) == 0 {
		return err
	}
	b.chain = append(b.chain, importer)
	uses := map[string]string{}
	for _, d := range deps {
		a := ask{use: use{importer, d.Name}, want: d.Range}
		var ok bool
		if a.version, ok = b.shared[a.use]; !ok {
			if a.version, a.fixed, err = bind(importer, d, b.old, b.modules, b.known); err != nil {
				return &fault.Error{Kind: fault.KindOf(err), Op: "bind", Subject: importer, Message: "cannot resolve " + d.Name + "@" + d.Range, Err: err, Hint: fault.HintOf(err)}
			}
		}
		b.asks = append(b.asks, a)
		uses[d.Name] = d.Name + "@" + a.version
		if err := b.visit(uses[d.Name]); err != nil {
			return err
		}
	}
	b.lock[importer] = uses
	b.chain = b.chain[:len(b.chain)-1]
	return nil
}

// share lets importers of one module have one version where that can be, and says whether that changed anything.
func (b *binder) share() (more bool, err error) {
	byName := map[string][]ask{}
	for _, a := range b.asks {
		byName[a.name] = append(byName[a.name], a)
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		asks := byName[name]
		if b.known.Versions == nil || !slices.ContainsFunc(asks, func(a ask) bool { return a.version != asks[0].version }) {
			continue
		}
		all, err := b.known.Versions(name)
		if err != nil {
			return false, err
		}
		var fixed []string
		var free []ask
		for _, a := range asks {
			if a.fixed {
				fixed = append(fixed, a.version)
			} else {
				free = append(free, a)
			}
		}
		for phase, among := range [][]string{fixed, all} {
			for len(free) > phase && len(among) > 0 { // one alone keeps what it picked
				version, who, err := b.most(name, free, among, 1+phase)
				if err != nil {
					return false, err
				}
				if version == "" {
					break
				}
				var rest []ask
				for i, a := range free {
					if !who[i] {
						rest = append(rest, a)
						continue
					}
					if a.version != version {
						b.shared[a.use], more = version, true
					}
				}
				free = rest
			}
		}
	}
	return more, nil
}

// most is the version that most asks allow, of several the highest, and which asks those are; "" if fewer than least allow the same.
func (b *binder) most(name string, asks []ask, among []string, least int) (string, []bool, error) {
	best, top := []string{}, 0
	allow := map[string][]bool{}
	for _, v := range among {
		who, n := make([]bool, len(asks)), 0
		for i, a := range asks {
			got, err := b.known.Pick(name, a.want, []string{v})
			if err != nil {
				return "", nil, err
			}
			if who[i] = got == v; who[i] {
				n++
			}
		}
		switch {
		case n == 0 || n < top:
			continue
		case n > top:
			best, top = nil, n
		}
		best, allow[v] = append(best, v), who
	}
	if top < least {
		return "", nil, nil
	}
	slices.Sort(best)
	first := slices.Index(allow[best[0]], true)
	version, err := b.known.Pick(name, asks[first].want, best)
	if err != nil || version == "" {
		return "", nil, err
	}
	return version, allow[version], nil
}

func bind(importer string, d Dependency, old Lock, modules map[string]string, known Known) (version string, fixed bool, err error) {
	if kept := old[importer][d.Name]; kept != "" && !d.Live {
		return strings.TrimPrefix(kept, d.Name+"@"), true, nil
	}
	if d.Live {
		var among []string
		for line, version := range modules {
			if line != Line(d.Name, version) {
				continue
			}
			if known.Yanked != nil && old[importer][d.Name] != d.Name+"@"+version {
				if gone, err := known.Yanked(d.Name, version); err != nil {
					return "", false, err
				} else if gone {
					continue
				}
			}
			among = append(among, version)
		}
		slices.Sort(among)
		if len(among) > 0 {
			version, err := known.Pick(d.Name, d.Range, among)
			if err != nil || version != "" {
				return version, true, err
			}
		}
	}
	version, err = known.Pick(d.Name, d.Range, nil)
	return version, false, err
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
