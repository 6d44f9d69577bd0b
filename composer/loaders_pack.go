package composer

// inTurn orders blocks so that tenants take turns: calls are filled from the front, and however many blocks one tenant has waiting,
// another's first is in the first of them. places go with their blocks.
func inTurn(blocks []*block, places []int) {
	mixed := false
	for _, b := range blocks[1:] {
		mixed = mixed || b.tenant != blocks[0].tenant
	}
	if !mixed {
		return
	}
	turn := make([]int, len(blocks)) // of each block: how many of its tenant's stand before it
	most := 0
	had := map[string]int{}
	for i, b := range blocks {
		turn[i] = had[b.tenant]
		had[b.tenant]++
		most = max(most, turn[i])
	}
	ordered, at := make([]*block, 0, len(blocks)), make([]int, 0, len(places))
	byTurn := make([][]int, most+1)
	for i, t := range turn {
		byTurn[t] = append(byTurn[t], i)
	}
	for _, list := range byTurn {
		for _, i := range list {
			ordered, at = append(ordered, blocks[i]), append(at, places[i])
		}
	}
	copy(blocks, ordered)
	copy(places, at)
}

// pack puts blocks together up to the operation's maxSize; a block is never split, its request did that.
func pack(blocks []*block) [][]int {
	var groups [][]int
	most, size := blocks[0].call.Operation.MaxSize, 0
	if most == 0 {
		most = maxJoint
	}
	for i, b := range blocks {
		n := len(b.call.Needs[0])
		if i == 0 || size+n > most {
			groups = append(groups, nil)
			size = 0
		}
		size += n
		groups[len(groups)-1] = append(groups[len(groups)-1], i)
	}
	return groups
}
