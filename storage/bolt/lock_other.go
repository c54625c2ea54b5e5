//go:build !unix

package bolt

// lockDir leaves the locking to bbolt, which locks the database file itself.
func lockDir(string) (unlock func() error, err error) {
	return func() error { return nil }, nil
}
