package control

import "context"

// Unused is nil if nobody is served by a version, else the Conflict that Unpublish would be, naming who. Who takes
// several versions away asks it of all first.
func (c *Control) Unused(ctx context.Context, name, version string) error {
	return c.unserved(ctx, name, version)
}
