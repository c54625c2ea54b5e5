package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/replygate/replygate/gateway"
)

const (
	// tempPrefix begins the names of files that are not finished.
	tempPrefix = "tmp-"
	// janitorPace: at each beat one of the 256 directories is swept, so that a
	// round takes some hours and never holds up anybody.
	janitorPace = 2 * time.Minute
	// orphanAge is how long a blob may be staged before it is kept.
	orphanAge = 6 * time.Hour
)

// tidy is the janitor's loop: it removes dropped files at once, and sweeps what
// no row names.
func (e *Engine) tidy() {
	defer e.running.Done()
	beat := time.NewTicker(janitorPace)
	defer beat.Stop()
	for dir := 0; ; {
		select {
		case <-e.blobs.work:
			e.complain(e.removeDropped())
		case now := <-beat.C:
			e.blobs.unpin(now.Add(-orphanAge))
			e.complain(e.sweepDir(dir, now))
			dir = (dir + 1) % 256
		case <-e.closing:
			e.complain(e.removeDropped())
			return
		}
	}
}

func (e *Engine) complain(err error) {
	if err != nil {
		e.log.Warn("storage: blobs could not be tidied", "err", err)
	}
}

// unpin forgets what was staged before a time and not kept: orphans now.
func (b *blobs) unpin(before time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for ref, p := range b.pins {
		if p.at.Before(before) {
			delete(b.pins, ref)
		}
	}
}

// removeDropped removes the files whose last reference is gone.
func (e *Engine) removeDropped() error {
	var errs []error
	for _, ref := range e.blobs.emptyBin() {
		errs = append(errs, e.removeOrphan(ref))
	}
	return errors.Join(errs...)
}

// removeOrphan removes a blob's file if no row names it and it was not staged
// lately. The lock keeps a Stage from relying on it meanwhile: that pins first.
func (e *Engine) removeOrphan(ref gateway.BlobRef) error {
	e.blobs.mu.Lock()
	defer e.blobs.mu.Unlock()
	if _, pinned := e.blobs.pins[ref]; pinned {
		return nil
	}
	var n uint64
	err := e.read(func(rd *reader) (err error) {
		n, err = rd.fileRefs(ref)
		return err
	})
	if err != nil || n > 0 {
		return err
	}
	if err := os.Remove(e.blobs.path(ref)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// sweepDir removes the old orphans and unfinished files of one directory.
func (e *Engine) sweepDir(n int, now time.Time) error {
	dir := filepath.Join(e.blobs.dir, fmt.Sprintf("%02x", n))
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, entry := range entries {
		fi, err := entry.Info()
		if err != nil || now.Sub(fi.ModTime()) < orphanAge {
			continue
		}
		ref := gateway.BlobRef(entry.Name())
		switch {
		case strings.HasPrefix(entry.Name(), tempPrefix):
			errs = append(errs, os.Remove(filepath.Join(dir, entry.Name())))
		case validRef(ref):
			errs = append(errs, e.removeOrphan(ref))
		}
	}
	return errors.Join(errs...)
}
