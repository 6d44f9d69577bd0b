package scripts

import "testing"

func BenchmarkMachine(b *testing.B) {
	o := RunOptions{}.filled()
	b.ReportAllocs()
	for b.Loop() {
		m, err := bareMachine(&o, func(*machine) {})
		if err != nil {
			b.Fatal(err)
		}
		_ = m
	}
}
