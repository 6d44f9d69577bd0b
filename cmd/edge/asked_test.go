package main

import (
	"testing"
	"time"
)

// Devices that asked a moment ago keep a processor while a release is loaded; those that asked long ago do not.
func TestAsking(t *testing.T) {
	var a askedRoutes
	if a.asking() {
		t.Error("nobody ever asked")
	}
	a.of("tv/v1").at.Store(time.Now().Add(-time.Minute).Unix())
	if a.asking() {
		t.Error("the last request was a minute ago")
	}
	a.of("tv/v2").now()
	if !a.asking() {
		t.Error("somebody asks")
	}
}
