// Package gatewaytest holds fakes for tests only: peers that are real servers on
// the loopback and do as a test says. It promises that what it starts ends with
// the test. Production code does not import it.
package gatewaytest
