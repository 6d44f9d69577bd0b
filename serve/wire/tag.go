package wire

import (
	"slices"
	"strings"
)

// coded is the ETag of an answer in a coding: the tag of the answer as it is with the coding in it, so that a cache that holds one
// is never told that it holds another. It is weak: another instance's encoder may write other bytes of the same data.
func coded(tag string, c Coding) string {
	opaque, ok := strings.CutSuffix(strings.TrimPrefix(tag, "W/"), `"`)
	if !ok {
		return tag
	}
	return "W/" + opaque + "-" + string(c) + `"`
}

// uncoded is the tag of the answer as it is, and the coding of a tag; "" of one without.
func uncoded(tag string) (string, Coding) {
	opaque := strings.TrimSuffix(strings.TrimPrefix(tag, "W/"), `"`)
	at := strings.LastIndexByte(opaque, '-')
	if at < 0 || !strings.HasSuffix(tag, `"`) {
		return tag, ""
	}
	c := Coding(opaque[at+1:])
	if !slices.Contains(Codings(), c) {
		return tag, ""
	}
	return opaque[:at] + `"`, c
}

// A condition is an If-None-Match whose tags were made those of answers as they are.
type condition struct {
	tags []conditionTag
}

type conditionTag struct {
	tag    string // of the answer as it is
	coding Coding
}

// conditionOf reads an If-None-Match; given is what the handler behind shall see, nil if that is what the request says anyway. Tags in
// codings that the request does not take are left out: what it has, it could not read.
func conditionOf(lines []string, w *wish) (c condition, given []string) {
	changed := false
	for _, line := range lines {
		if !strings.Contains(line, `-`) {
			given = append(given, line)
			continue
		}
		for item := range strings.SplitSeq(line, ",") {
			item = strings.TrimSpace(item)
			tag, coding := uncoded(item)
			if coding != "" {
				changed = true
				if !w.accepts(coding) {
					continue
				}
			}
			c.tags = append(c.tags, conditionTag{strings.TrimPrefix(tag, "W/"), coding})
			given = append(given, tag)
		}
	}
	if !changed {
		return condition{}, nil
	}
	return c, given
}

// met is the tag that a 304 says, of the tag of the answer as it is: that which the asker has, and in the coding that it likes best where
// it has several.
func (c *condition) met(tag string, best Coding) string {
	found, have := tag, false
	for _, t := range c.tags {
		if t.tag != strings.TrimPrefix(tag, "W/") {
			continue
		}
		said := tag
		if t.coding != "" {
			said = coded(tag, t.coding)
		}
		if !have || t.coding == best {
			found, have = said, true
		}
	}
	return found
}
