package runtime

// Handle is an index into this component's table of resources. Zero: given away or dropped.
type Handle struct {
	value int32
}

// MakeHandle holds a handle that has just been received.
func MakeHandle(value int32) *Handle {
	if value == 0 {
		panic("a resource handle of zero was received")
	}
	return &Handle{value}
}

// Use gives the handle without giving it up.
func (h *Handle) Use() int32 {
	if h.value == 0 {
		panic("a resource was used after it was dropped, given away, or its borrow had ended")
	}
	return h.value
}

// Take gives the handle up.
func (h *Handle) Take() int32 {
	value := h.Use()
	h.value = 0
	return value
}

// TakeOrNil gives the handle up, zero if that had already happened.
func (h *Handle) TakeOrNil() int32 {
	value := h.value
	h.value = 0
	return value
}

// Set puts back a handle that was given up and not accepted.
func (h *Handle) Set(value int32) {
	if value == 0 || h.value != 0 {
		panic("a resource handle was put back twice")
	}
	h.value = value
}

type borrow struct {
	handle *Handle
	drop   func(int32)
}

// Borrows of the export that runs now. Exports of one instance never overlap, so one list serves.
var borrows []borrow

// MakeBorrow holds a handle lent for the time of the export that runs now. The component model asks for it back
// before the export returns, and traps otherwise: EndBorrows does that.
func MakeBorrow(value int32, drop func(int32)) *Handle {
	handle := MakeHandle(value)
	borrows = append(borrows, borrow{handle, drop})
	return handle
}

// EndBorrows gives back what the export that now ends has been lent and has not given back itself.
func EndBorrows() {
	for index, borrow := range borrows {
		if value := borrow.handle.TakeOrNil(); value != 0 {
			borrow.drop(value)
		}
		borrows[index].handle = nil
	}
	borrows = borrows[:0]
}
