//go:build !(linux || darwin || freebsd)

package smtpd

import "net"

// inputWaits cannot look into the socket here: only GreetDelay finds those who
// talk before the banner.
func inputWaits(net.Conn) bool { return false }
