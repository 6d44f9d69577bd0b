package composer

// frameRoom is how many bytes are free before and behind an answer in its buffer.
const frameRoom = 64

// Frame gives Data between a head and a tail without copying it, so that an answer is sent with one write. ok is false where its buffer has
// no room for them. The bytes are valid as long as Data is, and until the next Frame.
func (p *Part) Frame(head, tail []byte) (whole []byte, ok bool) {
	n := len(p.framed) - len(p.Data)
	if p.framed == nil || n < len(head) || cap(p.framed)-len(p.framed) < len(tail) {
		return nil, false
	}
	copy(p.framed[n-len(head):], head)
	return append(p.framed, tail...)[n-len(head):], true
}
