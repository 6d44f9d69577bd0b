package pack

import (
	"strings"
	"testing"

	"facet/fault"
)

func TestExport(t *testing.T) {
	for _, c := range []struct{ manifest, files, sub, want string }{
		{`{"exports":"./src/index.ts"}`, "src/index.ts", ".", "src/index.ts"},
		{`{"exports":"./src/index.ts"}`, "src/index.ts", "./src/index.ts", "not_found"}, // exports hide what they do not name
		{`{"exports":{"import":"./a.js","default":"./b.js"}}`, "a.js b.js", ".", "a.js"},
		{`{"exports":{"types":"./a.d.ts","node":"./n.js","default":"./b.js"}}`, "a.d.ts n.js b.js", ".", "b.js"},
		{`{"exports":{"edge":"./e.ts","import":"./a.js"}}`, "e.ts a.js", ".", "e.ts"},
		{`{"exports":{"import":{"node":"./n.js"},"require":"./r.cjs"}}`, "n.js r.cjs", ".", "r.cjs"},
		{`{"exports":[{"node":"./n.js"},"./b.js"]}`, "b.js", ".", "b.js"},
		{`{"exports":{".":"./a.ts","./badges":"./b.ts","./x/*":"./lib/x/*.ts","./x/y/*":"./lib/xy/*.ts","./x/hidden":null}}`, "a.ts b.ts lib/x/q.ts lib/xy/q.ts lib/x/hidden.ts", "./badges", "b.ts"},
		{`{"exports":{"./x/*":"./lib/x/*.ts","./x/y/*":"./lib/xy/*.ts"}}`, "lib/x/q.ts lib/xy/q.ts", "./x/q", "lib/x/q.ts"},
		{`{"exports":{"./x/*":"./lib/x/*.ts","./x/y/*":"./lib/xy/*.ts"}}`, "lib/x/q.ts lib/xy/q.ts", "./x/y/q", "lib/xy/q.ts"},
		{`{"exports":{"./x/*":"./lib/x/*.ts","./x/hidden":null}}`, "lib/x/hidden.ts", "./x/hidden", "not_found"},
		{`{"exports":"../out.ts"}`, "out.ts", ".", "not_found"},
		{`{"exports":"./../out.ts"}`, "out.ts", ".", "not_found"},
		{`{"exports":"index.ts"}`, "index.ts", ".", "not_found"},
		{`{"exports":7}`, "index.ts", ".", "not_found"},
		{`{"exports":{}}`, "index.ts", ".", "not_found"},
		{`{"exports":null,"main":"a"}`, "a.js", ".", "a.js"},
		{`{"main":"./lib"}`, "lib/index.ts", ".", "lib/index.ts"},
		{`{"main":"./a.js"}`, "a.ts", ".", "a.ts"},
		{`{"main":"gone.js"}`, "index.js", ".", "index.js"},
		{`{"main":"../a.js"}`, "index.mts", ".", "index.mts"},
		{`{"main":"a.cjs","module":"a.mjs"}`, "a.cjs a.mjs", ".", "a.mjs"},
		{`{}`, "index.tsx index.js", ".", "index.tsx"},
		{`{}`, "b/c.ts", "./b/c", "b/c.ts"},
		{`{}`, "b.json", "./b.json", "b.json"},
		{`{}`, "b.ts", ".", "not_found"},
		{`[`, "b.ts", ".", "invalid"},
	} {
		p := &Package{Files: map[string][]byte{File: []byte(c.manifest)}}
		for f := range strings.FieldsSeq(c.files) {
			p.Files[f] = nil
		}
		got, err := p.Export(c.sub)
		if err != nil {
			got = string(fault.KindOf(err))
		}
		if got != c.want {
			t.Errorf("%s with %s: %q is %q, want %q (%v)", c.manifest, c.files, c.sub, got, c.want, err)
		}
	}
}

func TestImport(t *testing.T) {
	p := &Package{Files: map[string][]byte{
		File: []byte(`{}`), "src/index.ts": nil, "src/card.tsx": nil, "src/rows/index.ts": nil, "lib.ts": nil, "data.json": nil,
		"node_modules/dayjs/package.json": []byte(`{"main":"dayjs.min.js"}`), "node_modules/dayjs/dayjs.min.js": nil, "node_modules/dayjs/plugin/utc.js": nil,
		"node_modules/@a/b/package.json": []byte(`{"exports":{".":"./b.js","./sub":"./s.js"}}`), "node_modules/@a/b/b.js": nil, "node_modules/@a/b/s.js": nil,
		"node_modules/@a/b/node_modules/dayjs/package.json": []byte(`{}`), "node_modules/@a/b/node_modules/dayjs/index.js": nil,
	}}
	for _, c := range []struct{ from, specifier, want string }{
		{"src/index.ts", "./card", "src/card.tsx"}, {"src/index.ts", "./card.js", "src/card.tsx"}, {"src/index.ts", "./rows", "src/rows/index.ts"}, {"src/rows/index.ts", "..", "src/index.ts"},
		{"src/index.ts", "../lib.ts", "lib.ts"}, {"src/index.ts", "../data.json", "data.json"}, {"src/index.ts", "../../lib", "not_found"}, {"src/index.ts", "./gone", "not_found"},
		{"src/index.ts", "dayjs", "node_modules/dayjs/dayjs.min.js"}, {"src/index.ts", "dayjs/plugin/utc", "node_modules/dayjs/plugin/utc.js"},
		{"src/index.ts", "@a/b", "node_modules/@a/b/b.js"}, {"src/index.ts", "@a/b/sub", "node_modules/@a/b/s.js"}, {"src/index.ts", "@a/b/other", "not_found"},
		{"node_modules/@a/b/b.js", "dayjs", "node_modules/@a/b/node_modules/dayjs/index.js"}, {"node_modules/dayjs/dayjs.min.js", "@a/b", "node_modules/@a/b/b.js"},
		{"src/index.ts", "@originals/rows", "not_found"}, {"src/index.ts", "dayjs/../../lib", "not_found"}, {"src/index.ts", "@a", "not_found"}, {"src/index.ts", "", "not_found"},
	} {
		got, err := p.Import(c.from, c.specifier)
		if err != nil {
			got = string(fault.KindOf(err))
		}
		if got != c.want {
			t.Errorf("%s imports %q: %q, want %q (%v)", c.from, c.specifier, got, c.want, err)
		}
	}
}

func TestSplit(t *testing.T) {
	for in, want := range map[string][2]string{"a": {"a", "."}, "a/b/c": {"a", "./b/c"}, "@a/b": {"@a/b", "."}, "@a/b/c/d": {"@a/b", "./c/d"}, "@a": {"@a", "."}} {
		if name, sub := SplitImport(in); name != want[0] || sub != want[1] {
			t.Errorf("SplitImport(%q) = %q, %q", in, name, sub)
		}
	}
	for in, want := range map[string][2]string{"a@1.0.0": {"a", "1.0.0"}, "@a/b@1.0.0-x": {"@a/b", "1.0.0-x"}, "@a/b": {"@a/b", ""}, "a": {"a", ""}} {
		if name, version := SplitID(in); name != want[0] || version != want[1] {
			t.Errorf("SplitID(%q) = %q, %q", in, name, version)
		}
	}
}
