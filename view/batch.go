package view

// A Batch runs a computed function over many rows, as Compute runs it over one: in[r] holds the inputs of row r. Results
// are appended to dst one after another and the whole is returned: ends[r] is the length of dst after row r's, errs[r]
// why it has none (it then begins and ends where the row before ended). ends and errs hold a place for each row; errs
// comes in cleared. A row that fails spoils no other: each has the result and the error that Compute would give it in
// this order, with the same account.
//
// What dst points to belongs to the Batch until it returns. It may be called from many goroutines at once.
type Batch func(a *Account, in [][][]byte, dst []byte, ends []int, errs []error) []byte

// Rows is the Batch that calls a Compute for each row.
func (f Compute) Rows() Batch {
	return func(a *Account, in [][][]byte, dst []byte, ends []int, errs []error) []byte {
		for r := range in {
			from := len(dst)
			out, err := f(a, in[r], dst)
			switch {
			case err != nil:
				errs[r] = err
			case len(out) >= from:
				dst = out
			}
			ends[r] = len(dst)
		}
		return dst
	}
}
