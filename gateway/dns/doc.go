// Package dns asks the Domain Name System: one resolver for the whole process,
// with a cache that honours time to live (also of "no such name"), and budgets
// that bound what one mail may cost.
//
// It promises that every failure is an *Error which tells what is permanently
// absent (ErrNotFound) from what could not be learnt now, that the same question
// is on the wire once however many ask it, and that memory is bounded. It leaves
// validation (DNSSEC) to the recursive resolver it asks, and the meaning of the
// records to its callers.
//
// Server is the other side: a small authoritative server for demonstrations,
// development and tests, which answers from records set at run time.
package dns
