package attack

// bombs are the attacks that are made by a program, because as files they would be too large or no file at all.
func bombs() []*Attack { return nil }
