package scripts

import (
	"fmt"

	"github.com/dop251/goja"
)

// A broken is a limit that a call broke.
type broken struct {
	limit, text string
	starved     bool              // the machine was too busy to run it: the call broke nothing
	frames      []goja.StackFrame // where, if it is known
}

func (b *broken) Error() string { return b.text }

// A meter counts what natives make during one call, and remembers the limit that was broken. Bytes are what was made, not what
// is held: nobody can tell what a call still holds without walking it.
type meter struct {
	made    int64
	broken  *broken
	joining []*goja.Object // the lists that are being made into text
	inside  int            // natives inside natives
}

func (m *meter) reset() {
	m.made, m.broken = 0, nil
	m.joining = m.joining[:0]
	m.inside = 0
}

// Sizes of what natives make, in bytes.
const (
	sizeOfItem   = 16 // a value in a list
	sizeOfMember = 96 // a property of an object
)

// charge counts bytes that are about to be made, and gives way to the watchdog: natives cannot be interrupted, but each that
// can take long begins here.
func (m *machine) charge(bytes int64) {
	m.made += bytes
	if m.made > m.opts.Memory {
		m.exceed(LimitMemory, "more than %s were made", Size(m.opts.Memory))
	}
	if m.watch.over.Load() { // the watchdog's interrupt is the next thing that the script sees
		if m.broken == nil {
			why := *m.watch.why.Load()
			why.frames = m.vm.CaptureCallStack(8, nil)
			m.broken = &why
		}
		panic(m.vm.NewTypeError("ended"))
	}
}

// exceed ends the call. No code of the script runs any more: the interrupt cannot be caught, the error only leaves the native.
func (m *machine) exceed(limit, format string, args ...any) {
	if m.opts.Unlimited {
		return
	}
	if m.broken == nil {
		m.broken = &broken{limit: limit, text: fmt.Sprintf(format, args...), frames: m.vm.CaptureCallStack(deepest, nil)}
	}
	m.vm.Interrupt(m.broken)
	panic(m.vm.NewTypeError(m.broken.text))
}

// Size is a number of bytes for people: "3 MiB".
func Size(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
