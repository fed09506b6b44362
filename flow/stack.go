package flow

import "runtime"

// maxStack bounds a stack trace, in bytes: about forty frames.
const maxStack = 4 << 10

// stack is the caller's stack as the runtime prints it.
func stack() string {
	buf := make([]byte, maxStack)
	return string(buf[:runtime.Stack(buf, false)])
}
