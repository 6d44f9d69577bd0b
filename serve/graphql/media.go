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
	best := 0.0
	exact := map[string]bool{}
	for _, line := range accept {
		for item := range strings.SplitSeq(line, ",") {
			typ, params, err := mime.ParseMediaType(strings.TrimSpace(item))
			if err != nil {
				continue
			}
			q := 1.0
			if s, ok := params["q"]; ok {
				if q, err = strconv.ParseFloat(s, 64); err != nil || q < 0 || q > 1 {
					continue
				}
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
			if q > best || q == best && q > 0 && offer == typ && !exact[media] {
				best, media = q, offer
				exact[media] = offer == typ
			}
		}
	}
	return media, best > 0
}

// isJSON says whether a request's Content-Type is JSON in UTF-8.
func isJSON(contentType string) bool {
	typ, params, err := mime.ParseMediaType(contentType)
	if err != nil || typ != mediaJSON {
		return false
	}
	cs, ok := params["charset"]
	return !ok || strings.EqualFold(cs, "utf-8")
}
