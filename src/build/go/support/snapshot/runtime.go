// Added to Go's own package runtime where a part's start is kept, see wake.go of the support package.

package runtime

// mosaic_wake gives what was read from the memory of a snapshot what every start has of its own: random numbers, time,
// arguments and environment. In Go's own words, so that another Go which names things otherwise is noticed.
func mosaic_wake() (arguments, environment []string) {
	globalRand.init = false
	randinit()
	mrandinit(getg().m)
	runtimeInitTime = nanotime()
	goenvs()
	return argslice, envs
}

// mosaic_spread is what hashes of maps mix into keys that all instances of a snapshot have in common: the map's own seed,
// which is drawn when the map is made. So nobody can know beforehand which texts would collide.
func mosaic_spread(seed uintptr) uintptr {
	return seed * 0x9e3779b97f4a7c15
}
