package worker

// Instrumented says whether the race detector slows everything down and no memory limit holds.
const Instrumented = instrumented
