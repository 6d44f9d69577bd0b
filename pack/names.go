package pack

import (
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// File is the name of the manifest.
const File = "package.json"

// HostScope names what the builder itself provides to scripts, "@facet/sdk" first of all: it is neither bundled nor locked.
const HostScope = "@facet/"

// Reserved are the names that no device may have: the edge answers at these paths itself.
func Reserved() []string { return []string{"healthz", "metrics", "readyz"} }

var (
	nameText   = regexp.MustCompile(`^(?:@[a-z0-9~-][a-z0-9._~-]*/)?[a-z0-9~-][a-z0-9._~-]*$`)
	deviceText = regexp.MustCompile(`^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$`)
	schemaText = regexp.MustCompile(`^v[1-9][0-9]{0,3}$`)
	tagText    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]*$`)
)

// ValidName says whether npm lets a package have this name: lower case, at most 214 bytes, safe
// in a URL, perhaps under one "@scope/".
func ValidName(s string) bool {
	return nameText.MatchString(s) && len(s) <= 214 && s != "node_modules" && s != "favicon.ico"
}

// ValidDevice says whether s may be a device: lower-case words of letters and digits joined by "-", at most 63 bytes, not reserved.
func ValidDevice(s string) bool {
	return deviceText.MatchString(s) && len(s) <= 63 && !slices.Contains(Reserved(), s)
}

// ValidSchema says whether s is a schema version: "v1" to "v9999".
func ValidSchema(s string) bool { return schemaText.MatchString(s) }

// near is the name among names that a person most likely meant, or "".
func near(s string, names []string) string {
	best, least := "", max(1, (len(s)+1)/3)+1
	for _, n := range names {
		if d := levenshtein.ComputeDistance(strings.ToLower(s), strings.ToLower(n)); d < least {
			best, least = n, d
		}
	}
	return best
}
