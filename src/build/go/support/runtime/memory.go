// Package runtime is what generated bindings need below them: memory that crosses the component boundary, and handles.
//
// Memory that arrives (arguments of exports, results of imports) is written by the host into what cabi_realloc
// allocates, and is known to nobody but the host until the bindings have lifted it. Three steps keep it alive exactly
// as long as needed:
//
//  1. cabi_realloc keeps every pointer it hands out in a list;
//  2. the bindings take the whole list by Receive, as the first thing an export does and directly after an import
//     returns, before anything that could switch goroutines;
//  3. they lift, and give the list back by Release. What was lifted is then held by ordinary Go pointers or garbage.
package runtime

import (
	"runtime"
	"unsafe"
)

// Allocate gives zeroed memory that stays until pinner is unpinned. Nil for a size of zero.
func Allocate(pinner *runtime.Pinner, size, align uintptr) unsafe.Pointer {
	pointer := allocate(size, align)
	if pointer != nil {
		pinner.Pin(pointer)
	}
	return pointer
}

// Memory without pointers, as far as the garbage collector knows, aligned by the type of its elements.
func allocate(size, align uintptr) unsafe.Pointer {
	if size == 0 {
		return nil
	}
	length := (size + align - 1) / align
	switch align {
	case 1:
		return unsafe.Pointer(unsafe.SliceData(make([]uint8, length)))
	case 2:
		return unsafe.Pointer(unsafe.SliceData(make([]uint16, length)))
	case 4:
		return unsafe.Pointer(unsafe.SliceData(make([]uint32, length)))
	case 8:
		return unsafe.Pointer(unsafe.SliceData(make([]uint64, length)))
	default:
		panic("no type of the component model has such an alignment")
	}
}

// Received is memory that has arrived and is not lifted yet.
type Received []unsafe.Pointer

var (
	received Received
	// Bytes that have arrived since the collector was last given a chance to begin.
	arrived uintptr
	chance  []byte
)

const (
	chanceEvery = 256 << 10
	// Above the runtime's limit for small objects: only the allocation of a large one asks whether a collection is due.
	chanceSize = 40 << 10
)

// Receive takes what has arrived since the last time. It allocates nothing before it has taken it.
func Receive() Received {
	taken := received
	received = nil
	if arrived >= chanceEvery {
		// cabi_realloc cannot begin a collection, and a program may allocate nothing elsewhere.
		arrived = 0
		chance = make([]byte, chanceSize)
	}
	return taken
}

// Release marks the point until which taken must live.
//
//go:noinline
func Release(taken Received) {
	runtime.KeepAlive(taken)
}
