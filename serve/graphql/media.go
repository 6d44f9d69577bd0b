package graphql

import (
	"mime"
	"strconv"
	"strings"
)

// The media types of answers.
const (
	mediaGraphQL = "application/graphql-response+json"
	mediaJSON    = "application/json"
)

// negotiate picks the media type of the answer by the Accept header; ok is false if neither is accepted. Clients that do not
// say which they want get application/json, which all of them read.
func negotiate(accept []string) (media string, ok bool) {
	if len(accept) == 0 {
		return mediaJSON, true
	}
	best, exact := 0.0, false
	for _, line := range accept {
		for item := range strings.SplitSeq(line, ",") {
			typ, q, ok := ranged(strings.TrimSpace(item))
			if !ok {
				continue
			}
			offer := typ
			switch typ {
			case mediaGraphQL, mediaJSON:
			case "*/*", "application/*":
				offer = mediaJSON
			default:
				continue
			}
			// Of two that are wanted alike, one that is named goes before a wildcard, then the first.
			if q > best || q == best && q > 0 && offer == typ && !exact {
				best, media, exact = q, offer, offer == typ
			}
		}
	}
	return media, best > 0
}

// ranged is a media range of an Accept header, in lower case, with its weight.
func ranged(item string) (typ string, q float64, ok bool) {
	typ, rest, params := strings.Cut(item, ";")
	if name, value, _ := strings.Cut(strings.TrimSpace(rest), "="); !params || name == "q" && !strings.ContainsAny(value, `;" `) {
		if typ = strings.TrimSpace(typ); strings.ContainsFunc(typ, func(c rune) bool { return c <= ' ' || c >= 0x7f }) || strings.Count(typ, "/") != 1 {
			return "", 0, false
		}
		return weighed(strings.ToLower(typ), value, params)
	}
	typ, all, err := mime.ParseMediaType(item)
	if err != nil {
		return "", 0, false
	}
	value, given := all["q"]
	return weighed(typ, value, given)
}

func weighed(typ, value string, given bool) (string, float64, bool) {
	if !given {
		return typ, 1, true
	}
	q, err := strconv.ParseFloat(value, 64)
	return typ, q, err == nil && q >= 0 && q <= 1
}

// isJSON says whether a request's Content-Type is JSON in UTF-8.
func isJSON(contentType string) bool {
	if contentType == mediaJSON {
		return true
	}
	typ, params, err := mime.ParseMediaType(contentType)
	if err != nil || typ != mediaJSON {
		return false
	}
	cs, ok := params["charset"]
	return !ok || strings.EqualFold(cs, "utf-8")
}
