package runtime

import (
	"os"
	"runtime"
	"strings"
	"syscall"
	_ "unsafe" // for go:linkname
)

// The memory of this program is kept after its packages are initialised, and every instance begins with it. What an
// instance has of its own, it takes up before the first of its exports runs.

//go:linkname wakeRuntime runtime.mosaic_wake
func wakeRuntime() (arguments, environment []string)

// Finds the folders that were opened for the program.
//
//go:linkname findFolders syscall.init.1
func findFolders()

//go:linkname nanotime runtime.nanotime
func nanotime() int64

//go:linkname timeSleepUntil runtime.timeSleepUntil
func timeSleepUntil() int64

// What readings of the monotonic clock count from.
//
//go:linkname startNano time.startNano
var startNano int64

var awake bool

// Wake is the first thing that an export does.
func Wake() {
	if awake {
		return
	}
	awake = true
	arguments, environment := wakeRuntime()
	startNano = nanotime() - 1
	os.Args = append([]string(nil), arguments...)
	for _, variable := range environment {
		// Of several the first counts, and what a package has set itself stays.
		name, value, _ := strings.Cut(variable, "=")
		if _, known := syscall.Getenv(name); !known {
			_ = syscall.Setenv(name, value)
		}
	}
	findFolders()
}

// Room for the WASI adapter, which may not ask for it when it needs it.
const room = 2 << 16

// Lets what was started come to its end, and tells what does not: goroutines, timers, and where the room is.
//
//go:wasmexport mosaic_settle
func settle() int64 {
	for range 1000 {
		if runtime.NumGoroutine() == 1 {
			break
		}
		runtime.Gosched()
	}
	waiting := int64(runtime.NumGoroutine()-1) << 1
	if timeSleepUntil() != 1<<63-1 {
		waiting |= 1
	}
	return waiting<<32 | int64(uintptr(sbrk(room)))
}

//go:wasmexport mosaic_wake
func wake() {
	Wake()
}
