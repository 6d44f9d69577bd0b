package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/pprof/profile"
	"github.com/spf13/cobra"

	"facet/composer"
	"facet/fault"
	"facet/pack"
)

type profileOptions struct {
	ops     string
	name    string // of the package, "" for all
	seconds float64
	out     string
	most    int
	asJSON  bool
}

func newProfile(s Streams) *cobra.Command {
	var o profileOptions
	c := &cobra.Command{
		Use:   "profile [PACKAGE[@VERSION]]",
		Short: "Show what an instance does for one package, down to lines of TypeScript",
		Long: `Sample an instance for a while and keep what it did for one package: composing its answers, and its computed functions with the
names and lines of their TypeScript. Without PACKAGE all packages are kept, and a table says how much is each one's.

What is shown are the functions that took the most themselves. -o FILE writes the profile for go tool pprof, in which
samples have the labels package, version, device, view and function.

Time is the processor's, sampled a hundred times a second; instances answer meanwhile, at a cost of about a percent. Functions that run
in worker processes are not in it: edge top counts their time. The instance must allow profiles: ops.pprof.`,
		Example: `  edge profile @tv/home --seconds 10
  edge profile @tv/home@3.4.1 -o home.pprof && go tool pprof -http : home.pprof
  edge profile --json`,
		Args: takes(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.name = args[0]
				if name, _ := splitPackage(o.name); !pack.ValidName(name) {
					return usageError{fmt.Errorf("%q is no package: @scope/name, or @scope/name@version", o.name)}
				}
			}
			if !(o.seconds > 0 && o.seconds <= maxProfile.Seconds()) {
				return usageError{fmt.Errorf("--seconds is a number above 0, up to %v", maxProfile.Seconds())}
			}
			if o.most < 0 {
				return usageError{fmt.Errorf("--most is 0, which shows all, or more")}
			}
			return runProfile(c.Context(), s, o)
		},
	}
	opsFlag(c, &o.ops)
	f := c.Flags()
	f.Float64Var(&o.seconds, "seconds", 10, "how long to sample")
	f.StringVarP(&o.out, "out", "o", "", "write the profile to this file, for go tool pprof")
	f.IntVar(&o.most, "most", 20, "functions that are shown; 0: all")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	return c
}

// A profileView is a profile to be read.
type profileView struct {
	Package  string        `json:"package,omitempty"`
	Took     time.Duration `json:"took"`
	CPU      time.Duration `json:"cpu"` // of what is shown
	Packages []profileLine `json:"packages,omitempty"`
	Lines    []profileLine `json:"functions"`
}

// A profileLine is a function, or a package, with the processor time that was sampled in it.
type profileLine struct {
	Name  string        `json:"name"`
	Where string        `json:"where,omitempty"` // file:line of TypeScript
	Self  time.Duration `json:"self"`
	All   time.Duration `json:"all"` // with what it called
}

// profilePath is the page that a profile comes from.
const profilePath = "/debug/profile"

func runProfile(ctx context.Context, s Streams, o profileOptions) (bad error) {
	q := url.Values{"seconds": {strconv.FormatFloat(o.seconds, 'f', -1, 64)}}
	if o.name != "" {
		q.Set("package", o.name)
	}
	if !o.asJSON && isTerminal(s.Err) {
		fmt.Fprintf(s.Err, "sampling for %v s …\n", o.seconds)
	}
	var out *os.File
	if o.out != "" { // before the time is spent
		var err error
		if out, err = os.Create(o.out); err != nil {
			return usageError{fmt.Errorf("-o: %w", err)}
		}
		defer func() {
			_ = out.Close()
			if bad != nil {
				_ = os.Remove(o.out)
			}
		}()
	}
	body, err := askOps(ctx, o.ops, profilePath, q, time.Duration(o.seconds*float64(time.Second)))
	if err != nil {
		return err
	}
	p, err := profile.Parse(bytes.NewReader(body))
	if err != nil {
		return &fault.Error{Kind: fault.BadAnswer, Op: "ops", Subject: o.ops, Message: "this is no profile", Err: err}
	}
	if out != nil {
		if _, err := out.Write(body); err != nil {
			return fault.Wrap(fault.Invalid, "profile", o.out, err)
		}
	}
	v := profileOf(p, o)
	if o.name != "" && v.CPU == 0 {
		if err := known(ctx, o.ops, o.name); err != nil {
			return err
		}
	}
	if o.asJSON {
		e := json.NewEncoder(s.Out)
		e.SetIndent("", "  ")
		return e.Encode(v)
	}
	v.print(s.Out)
	if o.out != "" {
		fmt.Fprintf(s.Out, "\nwritten to %s: go tool pprof -http : %s\n", o.out, o.out)
	}
	return nil
}

// known is an error if an instance was not asked for anything of a package since it began: its name may be mistyped.
func known(ctx context.Context, ops, id string) error {
	rep, err := askUsage(ctx, ops, 0)
	if err != nil {
		return err
	}
	name, version := splitPackage(id)
	for _, p := range rep.Packages {
		if p.Package == name && (version == "" || p.Version == version) {
			return nil
		}
	}
	return fault.New(fault.NotFound, "nobody asked this instance for %s since it began", id).WithHint("edge top --versions shows what is asked for")
}

// numbered is what the engine puts behind a function's name that another function of the profile has too.
var numbered = regexp.MustCompile(`\.\d+$`)

// profileOf sums a profile by function. JavaScript is by line.
func profileOf(p *profile.Profile, o profileOptions) profileView {
	v := profileView{Package: o.name, Took: time.Duration(p.DurationNanos), Lines: []profileLine{}}
	lines, packages := map[[2]string]*profileLine{}, map[string]*profileLine{}
	for _, s := range p.Sample {
		cpu := time.Duration(s.Value[len(s.Value)-1])
		v.CPU += cpu
		id := "no package"
		if name := first(s.Label[composer.LabelPackage]); name != "" {
			id = name + "@" + first(s.Label[composer.LabelVersion])
		}
		if packages[id] == nil {
			packages[id] = &profileLine{Name: id}
		}
		packages[id].Self += cpu
		packages[id].All += cpu
		seen := map[[2]string]bool{}
		for i, l := range s.Location {
			for k, at := range l.Line {
				name, where := at.Function.Name, ""
				if strings.HasPrefix(at.Function.Filename, "@") {
					where = fmt.Sprintf("%s:%d", at.Function.Filename, at.Line)
					name = numbered.ReplaceAllString(name, "")
				}
				key := [2]string{name, where}
				if lines[key] == nil {
					lines[key] = &profileLine{Name: name, Where: where}
				}
				if i == 0 && k == 0 {
					lines[key].Self += cpu
				}
				if !seen[key] {
					seen[key] = true
					lines[key].All += cpu
				}
			}
		}
	}
	v.Lines = profileLines(lines, o.most)
	if o.name == "" {
		v.Packages = profileLines(packages, o.most)
	}
	return v
}

func profileLines[K comparable](from map[K]*profileLine, most int) []profileLine {
	out := []profileLine{}
	for _, l := range from {
		if l.Self > 0 {
			out = append(out, *l)
		}
	}
	slices.SortFunc(out, func(a, b profileLine) int {
		return cmp.Or(cmp.Compare(b.Self, a.Self), cmp.Compare(b.All, a.All), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Where, b.Where))
	})
	if most > 0 && len(out) > most {
		out = out[:most]
	}
	return out
}

func (v profileView) print(out io.Writer) {
	what := v.Package
	if what == "" {
		what = "all packages"
	}
	fmt.Fprintf(out, "%s: %v of processor time in %v\n", what, v.CPU.Round(time.Millisecond), v.Took.Round(10*time.Millisecond))
	if v.CPU == 0 {
		fmt.Fprintln(out, "nothing of it ran while it was sampled")
		return
	}
	show := func(title string, lines []profileLine) {
		fmt.Fprintf(out, "\n%9s  %6s  %6s  %s\n", "SELF", "SELF%", "ALL%", title)
		for _, l := range lines {
			name := l.Name
			if l.Where != "" {
				name += "  " + l.Where
			}
			fmt.Fprintf(out, "%9s  %6s  %6s  %s\n", took(l.Self), percent(float64(l.Self)/float64(v.CPU)), percent(float64(l.All)/float64(v.CPU)), cut(name, widthsOf(out).page))
		}
	}
	if len(v.Packages) > 0 {
		show("PACKAGE", v.Packages)
	}
	show("FUNCTION", v.Lines)
}
