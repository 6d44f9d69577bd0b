package pack

// Limits bound what a package may hold. A zero field takes the default's value.
type Limits struct {
	Packed   int64 // bytes of the .tgz
	Unpacked int64 // bytes of all files
	File     int64 // bytes of one file
	Files    int   // number of files, bundled dependencies included
	Path     int   // bytes of one path
	Depth    int   // folders and file name of one path
	Ratio    int64 // unpacked bytes per packed byte, looked at above 1 MiB unpacked
}

// DefaultLimits are generous for scripts and small for anything else.
func DefaultLimits() Limits {
	return Limits{Packed: 8 << 20, Unpacked: 32 << 20, File: 8 << 20, Files: 5000, Path: 240, Depth: 16, Ratio: 100}
}

func (l Limits) filled() Limits {
	d := DefaultLimits()
	fill(&l.Packed, d.Packed)
	fill(&l.Unpacked, d.Unpacked)
	fill(&l.File, d.File)
	fill(&l.Files, d.Files)
	fill(&l.Path, d.Path)
	fill(&l.Depth, d.Depth)
	fill(&l.Ratio, d.Ratio)
	return l
}

func fill[T int | int64](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}
