package jsongraph

import (
	"encoding/binary"
	"slices"

	"facet/composer"
)

// A tail is what is left of a path set: the set's index and how many of its keys are behind.
type tail struct{ set, at int }

// A bucket is a key with the tails that go on behind it.
type bucket struct {
	key   key
	tails []tail
}

// buckets groups tails by their next key, in the order of first mention. Ranges count only where indices is set:
// no field or view is named by a number. ended says that some tail has no key left.
func (b *builder) buckets(tails []tail, indices bool) (list []bucket, ended bool) {
	at := map[string]int{}
	for _, t := range tails {
		set := b.sets[t.set]
		if t.at == len(set) {
			ended = true
			continue
		}
		next := tail{t.set, t.at + 1}
		put := func(k key) {
			i, ok := at[k.text]
			if !ok {
				i = len(list)
				at[k.text] = i
				list = append(list, bucket{key: k})
			}
			if l := list[i].tails; len(l) == 0 || l[len(l)-1] != next { // a key that stands twice in a set
				list[i].tails = append(list[i].tails, next)
			}
		}
		if indices {
			set[t.at].each(put)
			continue
		}
		for _, k := range set[t.at].keys {
			put(k)
		}
	}
	return list, ended
}

// A bunch are keys that are asked for the same.
type bunch struct {
	keys  []key
	tails []tail
}

// bunches groups buckets by what is asked behind them.
func bunches(list []bucket) []bunch {
	if len(list) == 1 {
		return []bunch{{keys: []key{list[0].key}, tails: list[0].tails}}
	}
	var out []bunch
	at := map[string]int{}
	var sign []byte
	for _, x := range list {
		sign = sign[:0]
		for _, t := range x.tails {
			sign = binary.AppendUvarint(binary.AppendUvarint(sign, uint64(t.set)), uint64(t.at))
		}
		i, ok := at[string(sign)]
		if !ok {
			i = len(out)
			at[string(sign)] = i
			out = append(out, bunch{tails: x.tails})
		}
		out[i].keys = append(out[i].keys, x.key)
	}
	return out
}

// ranges are the indices among keys, ascending, neighbours joined.
func ranges(keys []key) []composer.Range {
	var idx []int
	for _, k := range keys {
		if k.whole {
			idx = append(idx, k.index)
		}
	}
	slices.Sort(idx)
	var out []composer.Range
	for _, i := range idx {
		if n := len(out); n > 0 && i <= out[n-1].To+1 {
			out[n-1].To = max(out[n-1].To, i)
			continue
		}
		out = append(out, composer.Range{From: i, To: i})
	}
	return out
}
