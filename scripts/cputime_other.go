//go:build !unix

package scripts

import "time"

// processorTime is the clock on the wall where the process cannot ask for its own.
func processorTime() time.Duration { return time.Duration(time.Now().UnixNano()) }
