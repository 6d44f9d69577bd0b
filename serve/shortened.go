package serve

import (
	"encoding/json"
	"slices"

	"facet/composer"
)

// Representation is what an ETag is made of: the data, and what it says of lists that were cut to fit.
func Representation(data []byte, lists []composer.Shortened) []byte {
	if len(lists) == 0 {
		return data
	}
	text, err := json.Marshal(lists)
	if err != nil { // paths are strings and numbers: they always marshal
		return data
	}
	return append(slices.Clip(data), text...)
}
