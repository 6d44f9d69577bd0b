package jsongraph

// Limits bound one request. Zero fields take the values of Defaults.
type Limits struct {
	Body  int64 // bytes of a POST's body, and of a GET's query
	Paths int   // simple paths that a request asks for, counted without expanding them
	Keys  int   // keys of one path; the keys and ranges written in a request are at most 5 times Paths
	Key   int   // bytes of one key
	Nodes int   // nodes of the selection that the paths become
	Sets  int   // values that one set writes
}

// Defaults are Falcor's own limits where it has any.
func Defaults() Limits {
	return Limits{Body: 256 << 10, Paths: 9000, Keys: 200, Key: 2000, Nodes: 20_000, Sets: 50}
}

func (l Limits) filled() Limits {
	d := Defaults()
	if l.Body <= 0 {
		l.Body = d.Body
	}
	if l.Paths <= 0 {
		l.Paths = d.Paths
	}
	if l.Keys <= 0 {
		l.Keys = d.Keys
	}
	if l.Key <= 0 {
		l.Key = d.Key
	}
	if l.Nodes <= 0 {
		l.Nodes = d.Nodes
	}
	if l.Sets <= 0 {
		l.Sets = d.Sets
	}
	return l
}
