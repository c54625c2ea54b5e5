//go:build linux || darwin || freebsd

package smtpd

import (
	"net"
	"syscall"
)

// inputWaits tells, without waiting, whether octets lie in the socket.
func inputWaits(c net.Conn) bool {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	waits := false
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, e := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
		waits = e == nil && n > 0
	})
	return err == nil && waits
}
