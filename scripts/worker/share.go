package worker

import (
	"fmt"
	"time"

	"facet/fault"
	"facet/scripts"
)

// turn waits for the package's turn: its share of the processors is kept by this process, whoever runs its code.
func (f *Functions) turn(name string, pos fault.Pos) error {
	if f.o.Share.Wait(f.o.Wait) {
		return nil
	}
	k := scripts.Break{Function: name, Limit: scripts.LimitShare, Kind: fault.Limit, Pos: pos, At: time.Now(),
		Text: "the package used more than its share of the processors"}
	f.broke(k)
	return &fault.Error{Kind: fault.Limit, Op: "computed", Subject: name, Message: name + " has to wait: its package used more than its share",
		Err: fmt.Errorf("%s: its turn would come later than in %v", pos, f.o.Wait)}
}

func (f *Functions) used(d time.Duration) { f.o.Share.Used(d) }
