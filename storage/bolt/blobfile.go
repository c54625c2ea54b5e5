package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/replygate/replygate/gateway"
)

// blobs is the directory of large blobs.
type blobs struct {
	dir string

	mu sync.Mutex
	// pins are the files that were staged and not kept yet: they are not
	// removed, whether another's row names them or none.
	pins map[gateway.BlobRef]pin
	made map[gateway.BlobRef]bool // directories known to be on the disk
	bin  []gateway.BlobRef
	// work tells the janitor that bin has something.
	work chan struct{}
}

// pin is how often a file was staged without being kept, and when last.
type pin struct {
	n  int
	at time.Time
}

// errSync: what was written may not be on the disk.
var errSync = errors.New("sync failed")

func newBlobs(dir string) *blobs {
	return &blobs{dir: dir, pins: make(map[gateway.BlobRef]pin), made: make(map[gateway.BlobRef]bool), work: make(chan struct{}, 1)}
}

func (b *blobs) path(ref gateway.BlobRef) string {
	return filepath.Join(b.dir, string(ref[:2]), string(ref))
}

func (b *blobs) pin(ref gateway.BlobRef, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pins[ref] = pin{b.pins[ref].n + 1, now}
}

func (b *blobs) pinned(ref gateway.BlobRef) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.pins[ref]
	return ok
}

// save writes a blob so that it is on the disk, whole and under its name, when
// save returns. A file that is there already is replaced: whether it was synced
// is not known.
func (b *blobs) save(ref gateway.BlobRef, data []byte) error {
	dir := filepath.Dir(b.path(ref))
	if err := b.makeDir(dir, ref); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, tempPrefix+"*")
	if err != nil {
		return err
	}
	if err := writeSynced(f, data); err != nil {
		os.Remove(f.Name())
		return err
	}
	if err := os.Rename(f.Name(), b.path(ref)); err != nil {
		os.Remove(f.Name())
		return err
	}
	return syncDir(dir)
}

// makeDir makes one of the 256 directories, once.
func (b *blobs) makeDir(dir string, ref gateway.BlobRef) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.made[ref[:2]] {
		return nil
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := syncDir(b.dir); err != nil {
		return err
	}
	b.made[ref[:2]] = true
	return nil
}

// load reads a file of at most size bytes.
func (b *blobs) load(ref gateway.BlobRef, size int64) ([]byte, error) {
	f, err := os.Open(b.path(ref))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if fi.Size() != size {
		return nil, damaged("the file of blob %s has %d bytes, not %d", ref, fi.Size(), size)
	}
	data := make([]byte, size)
	_, err = f.ReadAt(data, 0)
	return data, err
}

// writeSynced writes, syncs and closes a file.
func writeSynced(f *os.File, data []byte) error {
	if _, err := f.Write(data); err != nil {
		f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return fmt.Errorf("%w: %w", errSync, err)
	}
	return f.Close()
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("%w: %w", errSync, err)
	}
	return nil
}

// committed lets go of files that rows name now, and has the janitor remove
// those that none names any more.
func (b *blobs) committed(kept, dropped []gateway.BlobRef) {
	if len(kept)+len(dropped) == 0 {
		return
	}
	b.mu.Lock()
	for _, ref := range kept {
		if p := b.pins[ref]; p.n > 1 {
			b.pins[ref] = pin{p.n - 1, p.at}
		} else {
			delete(b.pins, ref)
		}
	}
	b.bin = append(b.bin, dropped...)
	b.mu.Unlock()
	if len(dropped) == 0 {
		return
	}
	select {
	case b.work <- struct{}{}:
	default:
	}
}

// emptyBin returns the files to remove.
func (b *blobs) emptyBin() []gateway.BlobRef {
	b.mu.Lock()
	defer b.mu.Unlock()
	bin := b.bin
	b.bin = nil
	return bin
}
