// Package gatewaytest holds what tests of several packages use: fakes, that is
// peers that are real servers on the loopback and do as a test says, and a
// measure of what grows with its input that a busy machine does not disturb. It
// promises that what it starts ends with the test. Production code does not
// import it.
package gatewaytest
