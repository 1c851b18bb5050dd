package runtime

import "unsafe"

// Before the Go runtime has started (the WASI adapter allocates while arguments and environment are read) only raw
// memory can be had. This flag turns with the package's initialisation, which the runtime runs when it is ready.
var started = false

func init() {
	started = true
}

//go:linkname sbrk runtime.sbrk
func sbrk(size uintptr) unsafe.Pointer

//go:linkname procPin runtime.procPin
func procPin() int

//go:linkname procUnpin runtime.procUnpin
func procUnpin()

// While paused, the adapter answers Go's questions for the time from what it last knew, without leaving the component.
//
//go:wasmimport wasi_snapshot_preview1 adapter_monotonic_clock_set_paused
func pauseClock(paused bool)

// The host calls this to place what it passes, and forbids every call out of the component meanwhile. So neither may a
// garbage collection begin (it reads the clock) nor another goroutine run (it may call anything): procPin prevents
// both. What growing the heap by itself asks of the clock, the adapter answers.
//
//go:wasmexport cabi_realloc
func realloc(old unsafe.Pointer, oldSize, align, newSize uintptr) unsafe.Pointer {
	if !started {
		return move(raw(newSize, align), old, oldSize, newSize)
	}
	if old != nil && newSize <= oldSize {
		return old
	}
	procPin()
	pauseClock(true)
	pointer := allocate(newSize, align)
	if pointer != nil {
		received = append(received, pointer)
		arrived += newSize
	}
	pauseClock(false)
	procUnpin()
	return move(pointer, old, oldSize, newSize)
}

func raw(size, align uintptr) unsafe.Pointer {
	pointer := sbrk(size + align - 1)
	return unsafe.Add(pointer, -uintptr(pointer)&(align-1))
}

func move(to, from unsafe.Pointer, oldSize, newSize uintptr) unsafe.Pointer {
	if from != nil {
		size := min(oldSize, newSize)
		copy(unsafe.Slice((*byte)(to), size), unsafe.Slice((*byte)(from), size))
	}
	return to
}
