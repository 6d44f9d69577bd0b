package memory_test

import (
	"testing"

	"facet/storage"
	"facet/storage/memory"
	"facet/storage/storagetest"
)

func TestStore(t *testing.T) {
	storagetest.Run(t, func(*testing.T) storage.Store { return memory.New() })
}
