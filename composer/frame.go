package composer

import "slices"

// frameRoom is how many bytes are free before and behind an answer in its buffer.
const frameRoom = 64

// Frame gives Data between a head and a tail, so that an answer is sent with one write. Data is not copied where its buffer has room for
// both, as those of the Engine have for short ones. The bytes are valid as long as Data is, and until the next Frame.
func (p *Part) Frame(head, tail string) []byte {
	if n := len(p.framed) - len(p.Data); p.framed != nil && n >= len(head) && cap(p.framed)-len(p.framed) >= len(tail) {
		copy(p.framed[n-len(head):], head)
		return append(p.framed, tail...)[n-len(head):]
	}
	return slices.Concat([]byte(head), p.Data, []byte(tail))
}
