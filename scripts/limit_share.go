package scripts

// A Share is what one package may use of the processors while other packages run too.
type Share struct{}
