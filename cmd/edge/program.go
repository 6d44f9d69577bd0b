package main

import (
	"fmt"
	"os"
	"sync"
)

// programID tells this program from every other that may have run here before: its version, and its file as the system has it. "" where the system
// does not say.
var programID = sync.OnceValue(func() string {
	name, err := os.Executable()
	if err != nil {
		return ""
	}
	file, err := os.Stat(name)
	if err != nil {
		return ""
	}
	v := currentVersion()
	return fmt.Sprintf("%s %s %d %d", v.Version, v.Revision, file.Size(), file.ModTime().UnixNano())
})
