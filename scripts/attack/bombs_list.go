package attack

import (
	"archive/tar"
	"fmt"
	"strings"
)

// publishBombs are packages that harm who publishes, checks or records them.
var publishBombs = []bomb{
	{name: "nest-brackets", about: "A million brackets: every parser that calls itself ends at the end of Go's stack, and with it the process.", allow: "refused", files: nested("[", "1", "]", 1_000_000)},
	{name: "nest-parens", about: "A million parentheses.", allow: "refused", files: nested("(", "1", ")", 1_000_000)},
	{name: "nest-blocks", about: "A million blocks.", allow: "refused", files: one("export const attack = () => {" + strings.Repeat("{", 1_000_000) + strings.Repeat("}", 1_000_000) + "};\n")},
	{name: "nest-arrows", about: "Three hundred thousand functions in functions.", allow: "refused", files: nested("()=>", "1", "", 300_000)},
	{name: "nest-unary", about: "Two million exclamation marks: no bracket, yet as deep.", allow: "refused", files: nested("!", "1", "", 2_000_000)},
	{name: "nest-minus", about: "A million minus signs, with blanks between.", allow: "refused", files: nested("- ", "1", "", 1_000_000)},
	{name: "nest-typeof", about: "Half a million typeof.", allow: "refused", files: nested("typeof ", "1", "", 500_000)},
	{name: "nest-conditions", about: "Half a million conditions, each the other's else.", allow: "refused", files: nested("1?1:", "1", "", 500_000)},
	{name: "nest-else", about: "Two hundred thousand else if.", allow: "refused", files: one("export const attack = () => { " + strings.Repeat("if (0) {} else ", 200_000) + "{} };\n")},
	{name: "nest-sums", about: "A million summands: the tree leans to the left.", allow: "refused", files: nested("1+", "1", "", 1_000_000)},
	{name: "nest-power", about: "Half a million powers: the tree leans to the right.", allow: "refused", files: nested("2**", "1", "", 500_000)},
	{name: "nest-assign", about: "Half a million assignments.", allow: "refused", files: one("export const attack = () => { let a; return String(" + strings.Repeat("a=", 500_000) + "1); };\n")},
	{name: "nest-members", about: "A million members of members.", allow: "refused", files: nested("", "Math"+strings.Repeat(".a", 1_000_000), "", 1)},
	{name: "nest-calls", about: "Half a million calls of calls.", allow: "refused", files: nested("", "Math"+strings.Repeat("()", 500_000), "", 1)},
	{name: "nest-new", about: "Half a million new.", allow: "refused", files: nested("new ", "Map", "", 500_000)},
	{name: "nest-templates", about: "Two hundred thousand templates in templates.", allow: "refused", files: nested("`${", "1", "}`", 200_000)},
	{name: "nest-types", about: "Half a million type arguments: they are dropped, but read first.", allow: "refused harmless", right: `"x"`, files: one("type A<T> = T;\ntype B = " + strings.Repeat("A<", 500_000) + "1" + strings.Repeat(">", 500_000) + ";\nexport const attack = () => \"x\";\n")},
	{name: "nest-type-brackets", about: "A million brackets in a type.", allow: "refused harmless", right: `"x"`, files: one("type B = " + strings.Repeat("[", 1_000_000) + "1" + strings.Repeat("]", 1_000_000) + ";\nexport const attack = () => \"x\";\n")},
	{name: "nest-type-functions", about: "Half a million functions in a type.", allow: "refused harmless", right: `"x"`, files: one("type B = " + strings.Repeat("()=>", 500_000) + "1;\nexport const attack = () => \"x\";\n")},
	{name: "nest-keyof", about: "Half a million keyof in a type.", allow: "refused harmless", right: `"x"`, files: one("type B = " + strings.Repeat("keyof ", 500_000) + "1;\nexport const attack = () => \"x\";\n")},
	{name: "nest-labels", about: "Two hundred thousand labels before one statement.", allow: "refused", files: one("export const attack = () => { " + many("a%d: ", 200_000) + "; };\n")},
	{name: "nest-patterns", about: "Half a million patterns to take a value apart.", allow: "refused", files: one("export const attack = ({ title }: any) => { const " + strings.Repeat("[", 500_000) + "a" + strings.Repeat("]", 500_000) + " = title; return a; };\n")},
	{name: "nest-classes", about: "A hundred thousand classes in classes.", allow: "refused", files: nested("class{a=", "1", "}", 100_000)},
	{name: "nest-regex", about: "A million brackets in a regular expression.", allow: "refused", files: nested("", "/"+strings.Repeat("(", 1_000_000)+strings.Repeat(")", 1_000_000)+"/.test(\"x\")", "", 1)},
	{name: "nest-comma", about: "Four hundred thousand expressions with commas between.", allow: "refused harmless", right: `"1"`, files: nested("(1,", "1", ")", 400_000)},
	{name: "nest-json", about: "A JSON file of a million brackets that the code imports.", allow: "refused", files: func() map[string][]byte {
		return map[string][]byte{"src/attack.ts": []byte("import deep from \"./deep.json\";\nexport const attack = () => String(deep);\n"), "src/deep.json": []byte(strings.Repeat("[", 1_000_000) + strings.Repeat("]", 1_000_000))}
	}},
	{name: "nest-manifest", about: "A manifest of a million brackets.", allow: "refused", files: func() map[string][]byte {
		return map[string][]byte{"package.json": []byte(`{"name": "@attack/x", "version": "1.0.0", "x": ` + strings.Repeat("[", 1_000_000) + strings.Repeat("]", 1_000_000) + "}"), "src/attack.ts": []byte("export const attack = () => \"x\";\n")}
	}},
	{name: "backtrack-arrows", about: "Parentheses that may begin arrow functions: a parser that tries both ways takes twice as long for each.", allow: "refused harmless", right: `"x"`, files: one("export const attack = () => \"x\";\nconst a = " + strings.Repeat("0 ? (", 60) + "0" + strings.Repeat(") : (b) => c", 60) + ";\n")},
	{name: "backtrack-generics", about: "Angle brackets that may begin type arguments.", allow: "refused harmless", right: `"x"`, files: one("export const attack = () => \"x\";\nconst a = 0, b = " + strings.Repeat("a<", 60) + "a" + strings.Repeat(">(0)", 60) + ";\n")},
	{name: "backtrack-async", about: "Parentheses that may begin async functions.", allow: "refused harmless", right: `"x"`, files: one("export const attack = () => \"x\";\nconst b = (f: any) => " + strings.Repeat("f((x = ", 200) + "0" + strings.Repeat("))", 200) + ";\n")},

	{name: "imports-deep", about: "Four thousand files, each importing the next.", allow: "refused harmless", right: `"x"`, files: func() map[string][]byte {
		f := map[string][]byte{"src/attack.ts": []byte("import { v } from \"./f0\";\nexport const attack = () => v;\n")}
		for i := range 4000 {
			f[fmt.Sprintf("src/f%d.ts", i)] = fmt.Appendf(nil, "export { v } from \"./f%d\";\n", i+1)
		}
		f["src/f4000.ts"] = []byte("export const v = \"x\";\n")
		return f
	}},
	{name: "imports-cycle", about: "Four thousand files in a circle.", allow: "refused harmless", right: `"x"`, files: func() map[string][]byte {
		f := map[string][]byte{"src/attack.ts": []byte("import \"./f0\";\nexport const attack = () => \"x\";\n")}
		for i := range 4000 {
			f[fmt.Sprintf("src/f%d.ts", i)] = fmt.Appendf(nil, "import { v as w } from \"./f%d\";\nexport const v = () => w;\n", (i+1)%4000)
		}
		return f
	}},
	{name: "imports-cycle-10k", about: "Ten thousand of them.", allow: "refused", files: func() map[string][]byte {
		f := map[string][]byte{"src/attack.ts": []byte("import \"./f0\";\nexport const attack = () => \"x\";\n")}
		for i := range 10_000 {
			f[fmt.Sprintf("src/f%d.ts", i)] = fmt.Appendf(nil, "import { v as w } from \"./f%d\";\nexport const v = () => w;\n", (i+1)%10_000)
		}
		return f
	}},
	{name: "export-star-circle", about: "Two thousand files that all export all of each other.", allow: "refused harmless", right: `"x"`, files: func() map[string][]byte {
		f := map[string][]byte{"src/attack.ts": []byte("import { nothing } from \"./f0\";\nexport const attack = () => \"x\";\n")}
		for i := range 300 {
			f[fmt.Sprintf("src/f%d.ts", i)] = []byte(many("export * from \"./f%d\";\n", 300))
		}
		return f
	}},
	{name: "exports-100k", about: "10^5 exports.", allow: "refused harmless", right: `"x"`, files: one(many("export const e%d = %d;\n", 100_000) + "export const attack = () => \"x\";\n")},
	{name: "views-100k", about: "10^5 views.", allow: "refused", files: func() map[string][]byte {
		return map[string][]byte{"src/attack.ts": []byte("export const attack = () => \"x\";\n"), "src/index.ts": []byte(page + many("export const v%d = view({ build: () => ({ x: graph.title({ id: \"%d\" }).title }) });\n", 100_000))}
	}},
	{name: "shapes-20k", about: "Twenty thousand shapes, each leading to the next.", allow: "refused", files: func() map[string][]byte {
		return map[string][]byte{"src/attack.ts": []byte("export const attack = () => \"x\";\n"), "src/index.ts": []byte("import { shape } from \"@facet/sdk\";\n" + page + many("export const S%d = shape(\"S%d\", graph.Title, (x, { other }: any) => ({ title: x.title }));\n", 20_000))}
	}},
	{name: "literal-4m", about: "A text of four megabytes in the source.", allow: "refused limit", files: one("const t = \"" + strings.Repeat("x", 4<<20) + "\";\nexport const attack = () => t;\n")},
	{name: "literal-numbers", about: "A million numbers in a list.", allow: "refused limit harmless", right: `"1000000"`, files: one("const t = [" + strings.Repeat("1,", 1_000_000) + "];\nexport const attack = () => String(t.length);\n")},
	{name: "line-8m", about: "A line of nearly eight megabytes: positions in it are found by walking.", allow: "refused harmless", right: `"x"`, files: one("export const attack = () => \"x\"; " + strings.Repeat("/* é */ ", 800_000) + "\n")},
	{name: "names-many", about: "Three hundred thousand names in one function.", allow: "refused limit harmless", right: `"0"`, files: one("export const attack = () => {\n" + many("let a%d = %d;\n", 300_000) + "return String(a0);\n};\n")},
	{name: "cases-many", about: "A switch of two hundred thousand cases.", allow: "refused limit harmless", right: `"x"`, files: one("export const attack = ({ minutes }: any) => {\nswitch (minutes) {\n" + many("case %d1: return \"c%d\";\n", 200_000) + "}\nreturn \"x\";\n};\n")},
	{name: "functions-many", about: "Two hundred thousand functions beside the one that is used.", allow: "refused harmless", right: `"x"`, files: one(many("function f%d() { return f%d; }\n", 200_000) + "export const attack = () => \"x\";\n")},
	{name: "chain-of-constants", about: "Fifty thousand constants, each of the one before: what a function needs is found by following them.", allow: "refused limit harmless", right: `"1"`, files: one("const c0 = () => 1;\n" + strings.Join(func() []string {
		var all []string
		for i := 1; i < 50_000; i++ {
			all = append(all, fmt.Sprintf("const c%d = () => c%d;", i, i-1))
		}
		return all
	}(), "\n") + "\nexport const attack = () => String(c49999 ? c0() : 0);\n")},
	{name: "source-map-nested", about: "A source map of the file's own, of a million brackets, inside a comment.", allow: "refused harmless", right: `"x"`, files: one(inline(strings.Repeat("[", 1_000_000)))},
	{name: "source-map-giant", about: "One of four million mappings.", allow: "refused harmless", right: `"x"`, files: one(inline(`{"version":3,"sources":["a"],"names":[],"mappings":"` + strings.Repeat("AAAA;", 800_000) + `"}`))},
	{name: "source-map-sources", about: "One whose sources are host files.", allow: "refused harmless", right: `"x"`, files: one(inline(`{"version":3,"sources":["/etc/passwd","file:///dev/zero"],"names":[],"mappings":"AAAA;ACAA"}`))},
	{name: "not-utf8", about: "A source that is no UTF-8.", allow: "refused harmless", right: `"x"`, files: one("export const attack = () => \"x\"; // \xff\xfe\x00\xc3\x28\n")},
	{name: "line-separators", about: "Lines that end by what only JavaScript takes for an end.", allow: "refused harmless", right: `"x"`, files: one(strings.Repeat("// x\u2028", 100_000) + "export const attack = () => \"x\";\n")},
	{name: "enum-giant", about: "An enum of a hundred thousand members, each of the one before.", allow: "refused harmless", right: `"x"`, files: one("enum E { a0 = 1, " + many("b%d = a0 + %d, ", 100_000) + "}\nexport const attack = () => \"x\";\n")},
	{name: "fold-texts", about: "Texts that a bundler adds up for its author: thirty doublings.", allow: "refused limit throws", files: one("const s0 = \"xxxxxxxx\";\n" + strings.Join(func() []string {
		var all []string
		for i := 1; i < 32; i++ {
			all = append(all, fmt.Sprintf("const s%d = s%d + s%d;", i, i-1, i-1))
		}
		return all
	}(), "\n") + "\nexport const attack = () => String(s31.length);\n")},
	{name: "fold-enum", about: "The same by an enum of texts, whose members are known when they are compiled.", allow: "refused limit throws", files: one("enum E {\n  s0 = \"xxxxxxxx\",\n" + strings.Join(func() []string {
		var all []string
		for i := 1; i < 34; i++ {
			all = append(all, fmt.Sprintf("  s%d = `${s%d}${s%d}`,", i, i-1, i-1))
		}
		return all
	}(), "\n") + "\n}\nexport const attack = () => String(E.s33.length);\n")},

	{name: "fold-enum-files", about: "By enums of three files, each of the texts of the one before.", allow: "refused limit throws", files: func() map[string][]byte {
		f := map[string][]byte{"src/attack.ts": []byte("import { E2 } from \"./e2\";\nexport const attack = () => String(E2.s.length);\n")}
		f["src/e0.ts"] = []byte("export const enum E0 { s = \"xxxxxxxx\" }\n")
		for i := 1; i < 3; i++ {
			f[fmt.Sprintf("src/e%d.ts", i)] = fmt.Appendf(nil, "import { E%d } from \"./e%d\";\nexport enum E%d { s = %s }\n", i-1, i-1, i, "\"x\""+strings.Repeat(fmt.Sprintf(" + E%d.s", i-1), 50_000))
		}
		return f
	}},
	{name: "fold-enum-hidden", about: "By an enum between what may be patterns, and in comments.", allow: "refused limit throws", files: one("type A = string\n/`/.test(\"\");\nenum/* { */E // {\n{ a = \"xxxxxxxx\", " + many("b%d = a + a, ", 10) + "}\n/`/;\nexport const attack = () => E.b9;\n")},
	{name: "enum-used", about: "A text of an enum that is written again at each of a hundred thousand uses.", allow: "refused", files: one("enum E { a = \"" + strings.Repeat("x", 1<<20) + "\" }\n" + many("export const u%d=E.a;\n", 30_000) + "export const attack = () => u0;\n")},
	{name: "namespace-long", about: "A namespace's name, written again for each use of what it holds.", allow: "refused", files: one("namespace n" + strings.Repeat("x", 1<<20) + " { export let a = 1; " + strings.Repeat("a;", 300_000) + "}\nexport const attack = () => \"x\";\n")},
	{name: "exports-entry-100k", about: "10^5 names that the entry exports, in a few statements.", allow: "refused", files: func() map[string][]byte {
		return map[string][]byte{"src/attack.ts": []byte("export const attack = () => \"x\";\n"), "src/index.ts": []byte(page + "export let z0 = 0" + many(", y%d = 0", 45_000) + ";\nexport let z1 = 0" + many(", x%d = 0", 45_000) + ";\nexport let z2 = 0" + many(", w%d = 0", 10_000) + ";\n")}
	}},

	{name: "range-long", about: "A range of a hundred thousand alternatives.", allow: "refused", files: manifest("range-long", map[string]any{"dependencies": map[string]string{"@attack/x": "1.0.0" + strings.Repeat(" || 1.0.0", 100_000)}})},
	{name: "range-numbers", about: "A range with numbers that no machine holds.", allow: "refused", files: manifest("range-numbers", map[string]any{"dependencies": map[string]string{"@attack/x": "^99999999999999999999999999.0.0 - " + strings.Repeat("9", 100_000)}})},
	{name: "dependencies-many", about: "A hundred thousand dependencies.", allow: "refused harmless", right: `"x"`, files: manifest("dependencies-many", map[string]any{"dependencies": func() map[string]string {
		m := map[string]string{}
		for i := range 100_000 {
			m[fmt.Sprintf("d%d", i)] = "*"
		}
		return m
	}()})},
	{name: "manifest-8m", about: "A manifest of seven megabytes of words.", allow: "refused harmless", right: `"x"`, files: manifest("manifest-8m", map[string]any{"description": strings.Repeat("very ", 1_400_000)})},
	{name: "manifest-exports-nested", about: "Conditions in conditions for what is exported.", allow: "refused harmless", right: `"x"`, files: manifest("manifest-exports-nested", map[string]any{"exports": func() any {
		var v any = "./src/index.ts"
		for range 9000 {
			v = map[string]any{"import": v}
		}
		return v
	}()})},
	{name: "manifest-exports-pattern", about: "An entry by a pattern out of the package.", allow: "refused", files: manifest("manifest-exports-pattern", map[string]any{"exports": map[string]any{".": "./src/../../../../etc/*"}})},
	{name: "manifest-version", about: "A version with a path in it.", allow: "refused", files: manifest("manifest-version", map[string]any{"version": "1.0.0/../../../envs/prod/eu"})},
	{name: "manifest-name", about: "A name with a path in it: packages are stored by their names.", allow: "refused", files: manifest("manifest-name", map[string]any{"name": "@attack/../../envs/prod"})},
	{name: "manifest-device", about: "A device that is a path of the edge's own.", allow: "refused", files: manifest("manifest-device", map[string]any{"edge": map[string]any{"device": []string{"healthz", "../metrics"}, "schema": "v1"}})},
	{name: "manifest-devices-many", about: "Ten thousand devices: each is a route with an engine.", allow: "refused", files: manifest("manifest-devices-many", map[string]any{"edge": map[string]any{"device": func() []string {
		var all []string
		for i := range 10_000 {
			all = append(all, fmt.Sprintf("many%d", i))
		}
		return all
	}(), "schema": "v1"}})},
	{name: "manifest-duplicate-keys", about: "A manifest that says its name twice: who reads the first and who the last?", allow: "refused", files: func() map[string][]byte {
		f := manifest("manifest-duplicate-keys", nil)()
		f["package.json"] = []byte(strings.Replace(string(f["package.json"]), "{", `{"name": "@good/films", "NAME": "@good/films", `, 1))
		return f
	}},

	{name: "archive-bomb", about: "Four gigabytes of zeros in four megabytes.", allow: "refused", archive: func() []byte { return zeros(2 << 30) }},
	{name: "archive-file", about: "A file of thirty megabytes that packs to nothing.", allow: "refused", archive: archive("archive-file", entry{name: "package/zeros.txt", text: strings.Repeat("\x00", 31<<20)})},
	{name: "archive-twice", about: "gzip in gzip.", allow: "refused", archive: func() []byte { return append(zeros(1<<20), zeros(1<<20)...) }},
	{name: "archive-cut", about: "An archive that ends in the middle.", allow: "refused", archive: func() []byte { b := archive("archive-cut")(); return b[:len(b)/2] }},
	{name: "archive-empty", about: "Nothing.", allow: "refused", archive: func() []byte { return []byte{} }},
	{name: "archive-dotdot", about: "A file above the package.", allow: "refused", archive: archive("archive-dotdot", entry{name: "package/../../../etc/evil", text: "x"})},
	{name: "archive-absolute", about: "A file at a host's path.", allow: "refused", archive: archive("archive-absolute", entry{name: "/etc/evil", text: "x"})},
	{name: "archive-backslash", about: "A path that only some systems take for one.", allow: "refused", archive: archive("archive-backslash", entry{name: `package\..\..\evil`, text: "x"})},
	{name: "archive-nul", about: "A path with a zero byte.", allow: "refused", archive: archive("archive-nul", entry{name: "package/src/a\x00.ts", text: "x"}, entry{name: "package/src/a\n.ts", text: "x"})},
	{name: "archive-symlink", about: "A link to a host file where a source should be.", allow: "refused", archive: archive("archive-symlink", entry{name: "package/src/link.ts", kind: tar.TypeSymlink, link: "/etc/passwd"})},
	{name: "archive-hardlink", about: "A hard link.", allow: "refused", archive: archive("archive-hardlink", entry{name: "package/src/link.ts", kind: tar.TypeLink, link: "package/package.json"})},
	{name: "archive-device", about: "A device.", allow: "refused", archive: archive("archive-device", entry{name: "package/src/zero.ts", kind: tar.TypeChar})},
	{name: "archive-twice-path", about: "A path twice, with other text.", allow: "refused", archive: archive("archive-twice-path", entry{name: "package/src/attack.ts", text: "export const attack = () => \"second\";\n"})},
	{name: "archive-case", about: "A path that differs in case alone.", allow: "refused", archive: archive("archive-case", entry{name: "package/src/ATTACK.ts", text: "export const attack = () => \"second\";\n"})},
	{name: "archive-unicode", about: "A path that differs by how its letters are put together.", allow: "refused", archive: archive("archive-unicode", entry{name: "package/src/é.ts", text: "1"}, entry{name: "package/src/e\u0301.ts", text: "2"})},
	{name: "archive-file-folder", about: "A file where there is a folder.", allow: "refused", archive: archive("archive-file-folder", entry{name: "package/src", text: "x"})},
	{name: "archive-files-many", about: "A hundred thousand empty files.", allow: "refused", archive: func() []byte {
		var all []entry
		for i := range 100_000 {
			all = append(all, entry{name: fmt.Sprintf("package/f/%d.txt", i)})
		}
		return archive("archive-files-many", all...)()
	}},
	{name: "archive-deep", about: "A path of ten thousand folders.", allow: "refused", archive: archive("archive-deep", entry{name: "package/" + strings.Repeat("a/", 10_000) + "x.ts", text: "x"})},
	{name: "archive-dot-files", about: "Files that tools read: .npmrc, node_modules, .git.", allow: "refused harmless", right: `"x"`, archive: archive("archive-dot-files", entry{name: "package/.npmrc", text: "registry=http://evil.test"}, entry{name: "package/node_modules/@facet/sdk/package.json", text: `{"name": "@facet/sdk", "version": "9.9.9", "main": "./index.js"}`}, entry{name: "package/node_modules/@facet/sdk/index.js", text: "export const view = 1"})},
}
