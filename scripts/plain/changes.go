package plain

// put sets a property of an object that the call made.
func (c *call) put(o *obj, name string, v val) {
	if !o.own || name == "__proto__" || numeric(name) {
		leave()
	}
	c.step(1)
	c.set(o, name, v)
}

// spread is {...v}.
func (c *call) spread(to *obj, v val) {
	if v.nullish() || v.tag == pBool || v.tag == pNumber {
		return
	}
	if v.tag != pObject {
		leave()
	}
	from := c.read(v.obj())
	for i, name := range from.names {
		c.put(to, name, from.vals[i])
	}
}

// without is the rest of an object.
func (c *call) without(v val, names []string) val {
	if v.tag != pObject {
		leave()
	}
	o := &obj{own: true}
	from := c.read(v.obj())
next:
	for i, name := range from.names {
		for _, n := range names {
			if n == name {
				continue next
			}
		}
		c.put(o, name, from.vals[i])
	}
	c.step(len(from.names) * len(names) >> 4)
	return ref(pObject, o)
}

// assign is v[k] = to.
func (c *call) assign(v, k, to val) {
	if v.tag == pObject && k.tag == pString {
		c.read(v.obj())
		if _, ok := c.get(v.obj(), k.str()); !ok && inherited[k.str()] {
			leave() // the engine's own are frozen
		}
		c.put(v.obj(), k.str(), to)
		return
	}
	if v.tag != pList || !v.obj().own || k.tag != pNumber {
		leave()
	}
	switch i := int(k.n); {
	case float64(i) != k.n || i < 0 || i > len(v.obj().vals):
		leave()
	case i == len(v.obj().vals):
		c.push(v.obj(), to)
	default:
		v.obj().vals[i] = to
	}
}

// push makes a list longer that the call made.
func (c *call) push(o *obj, v val) {
	if !o.own {
		leave()
	}
	c.step(1)
	o.vals = append(o.vals, v)
}
