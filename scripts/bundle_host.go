package scripts

import (
	"regexp"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"
	"github.com/evanw/esbuild/pkg/api"
)

// The bundler reads the host's own files in two cases that no plugin is asked about: a comment that names a source map, and import() or
// require() of a path that is put together, for which it walks folders. Packages get neither.
var (
	mapComment = regexp.MustCompile(`(?m)(//|/\*)[#@]([ \t]+sourceMappingURL=)`)
	// loads is in every text that may call import or require, however it is written.
	loads = regexp.MustCompile(`require|import\s*[(/.]|\\u`)
)

// withoutMaps is a source whose comments name no source map; every byte stays where it is.
func withoutMaps(text string) string {
	if !strings.Contains(text, "sourceMappingURL") {
		return text
	}
	return mapComment.ReplaceAllString(text, "$1 $2")
}

// composed says whether a source calls import or require with a path that is put together. The bundler itself is asked what the text
// means, as comments, escapes and enums hide it; without bundling it reads nothing else.
func composed(text string, loader api.Loader) bool {
	if loader == api.LoaderJSON || !loads.MatchString(text) {
		return false
	}
	r := api.Transform(text, api.TransformOptions{Loader: loader, Format: api.FormatCommonJS, Target: api.ES2017, LogLevel: api.LogLevelSilent,
		Charset: api.CharsetASCII, Supported: map[string]bool{"dynamic-import": false}, Sourcemap: api.SourceMapNone})
	if len(r.Errors) > 0 {
		return false // the bundler will say the same, before it resolves anything
	}
	prog, err := parser.ParseFile(nil, "", string(r.Code), 0, parser.WithDisableSourceMaps)
	if err != nil {
		return true // what cannot be looked through is not let near the host
	}
	found := false
	walk(&ast.BlockStatement{List: prog.Body}, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpression)
		if !ok || found {
			return !found
		}
		callee := call.Callee
		if dot, ok := callee.(*ast.DotExpression); ok { // require.resolve
			callee = dot.Left
		}
		if id, ok := callee.(*ast.Identifier); ok && id.Name == "require" && len(call.ArgumentList) > 0 {
			switch call.ArgumentList[0].(type) {
			case *ast.StringLiteral, *ast.Identifier:
			default:
				found = true
			}
		}
		return !found
	})
	return found
}
