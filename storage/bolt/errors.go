package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"syscall"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/replygate/replygate/gateway/store"
)

// Errors of this engine beyond those of the contract.
var (
	// ErrDamaged: the files do not hold what was written to them.
	ErrDamaged = errors.New("the database is damaged")
	// ErrNewer: a later release wrote the database.
	ErrNewer = errors.New("the database was written by a newer release")
	// ErrLocked: another process has the database open.
	ErrLocked = errors.New("the database is open in another process")
)

// damaged makes an error of what is wrong with the files.
func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// caught is deferred around calls into bbolt, which panics (or touches pages
// that are not there) when it meets a damaged page.
func caught(err *error) {
	if p := recover(); p != nil {
		*err = damaged("%v", p)
	}
}

// isFault tells a panic caused by a page that could not be read from one of the
// caller's own making.
func isFault(p any) bool {
	e, ok := p.(runtime.Error)
	if !ok {
		return false
	}
	_, ok = e.(interface{ Addr() uintptr })
	return ok
}

// isFull tells a write that found no room from any other failure. A sync that
// fails for want of room is not one: what it did to the pages is unknown.
// bbolt hands on the *fs.PathError of a write and the bare number of a sync.
func isFull(err error) bool {
	var p *fs.PathError
	return errors.As(err, &p) && p.Op == "write" && noRoom(p.Err)
}

func noRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// beginError translates why a bbolt transaction did not begin.
func beginError(err error) error {
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return store.ErrClosed
	}
	return fmt.Errorf("begin: %w", err)
}

// begin is db.Begin that does not panic on a damaged file.
func begin(db *bbolt.DB, writable bool) (tx *bbolt.Tx, err error) {
	defer caught(&err)
	if tx, err = db.Begin(writable); err != nil {
		return nil, beginError(err)
	}
	return tx, nil
}
