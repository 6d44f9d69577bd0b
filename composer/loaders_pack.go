package composer

// inTurn orders blocks so that tenants take turns: calls are filled from the front, and however many blocks one tenant has waiting,
// another's first is in the first of them.
func inTurn(blocks []*block) {
	mixed := false
	for _, b := range blocks[1:] {
		mixed = mixed || b.tenant != blocks[0].tenant
	}
	if !mixed {
		return
	}
	var byTurn [][]*block // by how many of its tenant's stand before it
	had := map[string]int{}
	for _, b := range blocks {
		t := had[b.tenant]
		had[b.tenant]++
		if t == len(byTurn) {
			byTurn = append(byTurn, nil)
		}
		byTurn[t] = append(byTurn[t], b)
	}
	at := blocks[:0]
	for _, list := range byTurn {
		at = append(at, list...)
	}
}

// pack puts blocks together up to the operation's maxSize; a block is never split, its request did that.
func pack(blocks []*block) [][]*block {
	var groups [][]*block
	most, size, from := blocks[0].call.Operation.MaxSize, 0, 0
	if most == 0 {
		most = maxJoint
	}
	for i, b := range blocks {
		n := len(b.call.Needs[0])
		if i > from && size+n > most {
			groups = append(groups, blocks[from:i:i])
			size, from = 0, i
		}
		size += n
	}
	return append(groups, blocks[from:])
}
