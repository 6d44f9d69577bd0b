package plain

import (
	"math"
	"strconv"

	"facet/scripts/span"
)

// value writes a result as the engine's writer does. What is no value of the declared type is left to the engine, which says why.
func (c *call) value(v val, k *Kind, depth int) {
	if depth >= maxDepth || len(c.dst)-c.from > c.most {
		leave()
	}
	c.step(1)
	switch v.tag {
	case pUndefined, pNull:
		if k.NonNull {
			leave()
		}
		c.dst = append(c.dst, "null"...)
	case pList:
		c.list(c.read(v.obj()), k, depth)
	case pObject:
		c.object(c.read(v.obj()), k, depth)
	default:
		if k.Elem != nil || k.Fields != nil {
			leave()
		}
		c.scalar(v, k)
	}
	if len(c.dst)-c.from > c.most {
		leave()
	}
}

// texts says whether results of the kind may be any text.
func (k *Kind) texts() bool {
	return k.Values == nil && k.Elem == nil && k.Fields == nil && (k.Name == "String" || k.Name == "ID" || k.Name == "JSON")
}

func (c *call) scalar(v val, k *Kind) {
	switch {
	case v.tag == pString && (k.Values != nil && k.Values[v.str()] || k.Values == nil && (k.Name == "String" || k.Name == "ID" || k.Name == "JSON")):
		if len(v.str()) > c.most {
			leave()
		}
		c.step(len(v.str()) >> 6)
		c.dst = span.AppendText(c.dst, v.str())
	case v.tag == pBool && k.Values == nil && (k.Name == "Boolean" || k.Name == "JSON"):
		if v.n != 0 {
			c.dst = append(c.dst, "true"...)
		} else {
			c.dst = append(c.dst, "false"...)
		}
	case v.tag == pNumber && k.Values == nil && finite(v.n):
		c.number(v.n, k)
	default:
		leave()
	}
}

func (c *call) number(x float64, k *Kind) {
	whole := x == math.Trunc(x)
	switch {
	case k.Name == "Int" && whole && x >= math.MinInt32 && x <= math.MaxInt32:
		c.dst = strconv.AppendInt(c.dst, int64(x), 10)
	case k.Name == "ID" && whole && math.Abs(x) <= 1<<53:
		c.dst = append(strconv.AppendInt(append(c.dst, '"'), int64(x), 10), '"')
	case k.Name == "Float" || k.Name == "JSON":
		c.dst = span.AppendNumber(c.dst, x)
	default:
		leave()
	}
}

func (c *call) list(o *obj, k *Kind, depth int) {
	each := k.Elem
	if each == nil {
		if k.Name != "JSON" || k.Values != nil || k.Fields != nil {
			leave()
		}
		each = anything
	}
	c.dst = append(c.dst, '[')
	for i, v := range o.vals {
		if i > 0 {
			c.dst = append(c.dst, ',')
		}
		c.value(v, each, depth+1)
	}
	c.dst = append(c.dst, ']')
}

func (c *call) object(o *obj, k *Kind, depth int) {
	c.dst = append(c.dst, '{')
	switch {
	case k.Fields != nil:
		for i, f := range k.Fields {
			if i > 0 {
				c.dst = append(c.dst, ',')
			}
			c.dst = append(c.dst, f.Key...)
			v, ok := c.get(o, f.Name)
			if !ok && inherited[f.Name] {
				leave()
			}
			c.value(v, f.Kind, depth+1)
		}
	case k.Elem == nil && k.Values == nil && k.Name == "JSON":
		first := true
		for i, name := range o.names {
			v := o.vals[i]
			if v.tag == pUndefined {
				continue
			}
			if !first {
				c.dst = append(c.dst, ',')
			}
			first = false
			c.dst = append(span.AppendText(c.dst, name), ':')
			c.value(v, anything, depth+1)
		}
	default:
		leave()
	}
	c.dst = append(c.dst, '}')
}
