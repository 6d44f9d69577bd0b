package main

import (
	"maps"
	"slices"

	"facet/tiers/cache"
)

// defaultTierCache is the memory for tiers' answers. It is taken as they come: a graph that keeps nothing takes none.
const defaultTierCache = 64 << 20

// leastTierCache is what is too little for one answer of usual size.
const leastTierCache = 64 << 10

func checkTierCache(c *tierCacheConfig, wrong complain) {
	check := func(key string, b byteSize) {
		if b > 0 && b < leastTierCache {
			wrong(key, "write 0 to keep nothing", "it is too little to keep answers: at least %v", byteSize(leastTierCache))
		}
	}
	check("tiers.cache.bytes", c.Bytes)
	for _, name := range slices.Sorted(maps.Keys(c.Sources)) {
		check("tiers.cache.sources."+name, c.Sources[name])
	}
}

// settings are what a cache is made of.
func (c *tierCacheConfig) settings() cache.Settings {
	s := cache.Settings{Bytes: int64(c.Bytes), Sources: map[string]int64{}}
	for name, b := range c.Sources {
		s.Sources[name] = int64(b)
	}
	return s
}

// apart are the sources whose calls each request makes for itself.
func (c *tiersConfig) apart() []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(c.Share)) {
		if !c.Share[name] {
			list = append(list, name)
		}
	}
	return list
}
