package scripts

import "time"

// Wait paces a package that is over its share, for those who run its code elsewhere. It is false if that would take longer than
// most: nothing is to be run then.
func (s *Share) Wait(most time.Duration) bool { return s.wait(most) }

// Used puts on the share what was run elsewhere.
func (s *Share) Used(d time.Duration) { s.take(d) }
