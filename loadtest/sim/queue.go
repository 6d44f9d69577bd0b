package sim

// An event is something that an instance is about to do or hear.
type event struct {
	at    int64 // ns of the virtual clock
	who   int32 // an instance; the keepers come after them
	life  uint16
	what  what
	class Class8
	tries uint8
	count int32 // of the object; or of what is pushed
}

// Class8 is a Class in a byte: there are millions of events.
type Class8 uint8

type what uint8

const (
	look    what = iota // at the pointer
	arrive              // an answer is here
	refused             // the store answered 503
	repeat              // what it refused is asked again
	beat                // an acknowledgement is due
	open                // a release is opened and served
	start               // a process starts
	move                // a release is made
	keep                // a keeper looks
)

// A queue gives the earliest event first: a heap of four children each, as it is shallow.
type queue struct{ list []event }

func (q *queue) push(e event) {
	q.list = append(q.list, e)
	i := len(q.list) - 1
	for i > 0 {
		up := (i - 1) / 4
		if q.list[up].at <= e.at {
			break
		}
		q.list[i] = q.list[up]
		i = up
	}
	q.list[i] = e
}

func (q *queue) pop() event {
	first := q.list[0]
	n := len(q.list) - 1
	e := q.list[n]
	q.list = q.list[:n]
	if n == 0 {
		return first
	}
	i := 0
	for {
		child := 4*i + 1
		if child >= n {
			break
		}
		least := child
		for c := child + 1; c < min(child+4, n); c++ {
			if q.list[c].at < q.list[least].at {
				least = c
			}
		}
		if q.list[least].at >= e.at {
			break
		}
		q.list[i] = q.list[least]
		i = least
	}
	q.list[i] = e
	return first
}
