//go:build race

package gatewaytest

const underRace = true
