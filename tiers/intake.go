package tiers

// An Intake is told of a large answer before it is whole: what reads it can begin while its bytes come.
type Intake interface {
	// Begin takes the place where an answer of a known length will lie, before its first byte is there. nil: nobody wants it. It
	// is called before Call returns, for no more than one answer at a time, and only for one that Call then gives as its Body.
	Begin(whole []byte) Arrival
}

// An Arrival is an answer under way.
type Arrival interface {
	// Came says that the first n bytes are there. They do not change as long as the answer is read.
	Came(n int)
	// Stop says that the others will not come. When it returns nobody looks at the answer any more.
	Stop()
}

// IntakeSize is how many bytes an answer has at least that an Intake is told of.
const IntakeSize = 256 << 10
