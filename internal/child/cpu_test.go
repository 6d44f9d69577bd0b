package child

import (
	"fmt"
	"os"
	"testing"
	"time"
)

func TestUsed(t *testing.T) {
	before, err := Used(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); time.Since(began) < 50*time.Millisecond; {
		_ = fmt.Sprint(began)
	}
	after, err := Used(os.Getpid())
	if err != nil || after.CPU <= before.CPU || after.Resident < 1<<20 {
		t.Errorf("from %+v to %+v: %v", before, after, err)
	}
	if _, err := Used(1 << 30); err == nil {
		t.Error("a process that is not there was read")
	}
}
