package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"

	"github.com/replygate/replygate/gateway/store"
)

// The names in the directory.
const (
	fileName = "replygate.db"
	newName  = "replygate.db.new" // a database that is being made
	lockName = "replygate.lock"
	blobsDir = "blobs"
)

// layout is the version of what this engine itself lays down: the keys and
// values of its own buckets and the checksums of all.
const layout = 2

var (
	schemaKey = []byte("schema")
	layoutKey = []byte("layout")
)

// lockWait is how long Open waits for a predecessor that is just ending.
const lockWait = time.Second

// Options are choices for Open.
type Options struct {
	// Logger hears of failures and of what was repaired; nil: nobody does.
	Logger *slog.Logger
}

// Open opens the database in the directory path, which it makes if need be.
// It refuses, with one of this package's errors and without touching anything,
// what is damaged, newer, or open elsewhere.
func Open(path string, o Options) (*Engine, error) {
	log := o.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if err := makeDirs(path); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	unlock, err := lockDir(filepath.Join(path, lockName))
	if err != nil {
		return nil, fmt.Errorf("open database in %s: %w", path, err)
	}
	e, err := open(path, log)
	if err != nil {
		unlock()
		return nil, fmt.Errorf("open database in %s: %w", path, err)
	}
	e.unlock = unlock
	e.running.Add(2)
	go e.write()
	go e.tidy()
	return e, nil
}

// open opens a directory that is locked, without starting anything.
func open(dir string, log *slog.Logger) (*Engine, error) {
	if err := ensure(dir, log); err != nil {
		return nil, err
	}
	name := filepath.Join(dir, fileName)
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		dir: dir, log: log, file: f,
		calls: make(chan *call), closing: make(chan struct{}), failed: make(chan struct{}),
		leases: newLeases(), blobs: newBlobs(filepath.Join(dir, blobsDir)), memos: newMemos(),
		wakes: make(map[store.Queue]chan struct{}), topics: make(map[string]chan struct{}),
	}
	if err := e.inspect(); err != nil {
		f.Close()
		return nil, fmt.Errorf("%w; nothing was changed: keep the directory as it is, and restore a backup into another", err)
	}
	if err := e.attach(name); err != nil {
		f.Close()
		return nil, err
	}
	return e, nil
}

// attach opens bbolt on a file that was inspected and reads what the engine
// remembers.
func (e *Engine) attach(name string) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer caught(&err)
	if e.db, err = bbolt.Open(name, 0o600, bboltOptions()); err != nil {
		return fmt.Errorf("bbolt: %w", err)
	}
	lay, err := e.recall()
	if err == nil && lay < layout {
		err = e.upgrade()
	}
	if err != nil {
		e.db.Close()
	}
	return err
}

func bboltOptions() *bbolt.Options {
	return &bbolt.Options{
		Timeout:      lockWait,
		FreelistType: bbolt.FreelistMapType, // the array one is slow when much is free
		// Address space, not memory: growing the mapping would wait for readers.
		InitialMmapSize: min(math.MaxInt/8, 16<<30),
	}
}

// recall reads the bucket _meta.
func (e *Engine) recall() (lay uint64, err error) {
	return lay, e.read(func(rd *reader) error {
		schema, err := rd.metaNumber(schemaKey)
		if err != nil {
			return err
		}
		if lay, err = rd.metaNumber(layoutKey); err != nil {
			return err
		}
		if schema > store.SchemaVersion || lay > layout {
			return fmt.Errorf("%w: it has schema %d and layout %d, this program knows %d and %d; run the newer release, or restore the backup made before the upgrade",
				ErrNewer, schema, lay, store.SchemaVersion, layout)
		}
		ids, err := rd.metaNumber(idsKey)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		e.idsUntil = unmillis(ids)
		e.idsFrom = e.idsUntil.Add(time.Millisecond)
		return err
	})
}

// metaNumber reads a number of the bucket _meta.
func (r *reader) metaNumber(key []byte) (uint64, error) {
	v, err := r.get(metaBucket, key)
	if err == nil && len(v) != 8 {
		err = damaged("%s is not a number", key)
	}
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", key, err)
	}
	return binary.BigEndian.Uint64(v), nil
}

func encodeNumber(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// ensure makes the database if there is none. An empty file is none either:
// nothing in it was ever acknowledged.
func ensure(dir string, log *slog.Logger) error {
	name := filepath.Join(dir, fileName)
	fi, err := os.Stat(name)
	switch {
	case err == nil && fi.Size() > 0:
		return nil
	case err == nil:
		log.Warn("storage: made an empty database file anew", "file", name)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	blobs := filepath.Join(dir, blobsDir)
	if left, _ := filepath.Glob(filepath.Join(blobs, "*", "*")); len(left) > 0 {
		return damaged("there are blobs, but no database %s; restore it from a backup, or move %s away", fileName, blobs)
	}
	if err := makeDirs(blobs); err != nil {
		return err
	}
	if err := create(filepath.Join(dir, newName), name); err != nil {
		return fmt.Errorf("make database: %w", err)
	}
	return syncDir(dir)
}

// makeDirs is os.MkdirAll that makes what it made durable.
func makeDirs(path string) error {
	if fi, err := os.Stat(path); err == nil && fi.IsDir() {
		return nil
	}
	parent := filepath.Dir(path)
	if parent != path {
		if err := makeDirs(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(parent)
}

// create makes a database under a temporary name, complete and synced, and
// gives it its own. bbolt's first pages, written in place, could be half there
// after a crash.
func create(temp, name string) error {
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	db, err := bbolt.Open(temp, 0o600, &bbolt.Options{Timeout: lockWait})
	if err != nil {
		return err
	}
	err = errors.Join(db.Update(initialise), db.Sync(), db.Close())
	if err != nil {
		return err
	}
	return os.Rename(temp, name)
}

func initialise(btx *bbolt.Tx) error {
	for _, name := range systemBuckets {
		if _, err := btx.CreateBucket([]byte(name)); err != nil {
			return err
		}
	}
	b := newBucket(btx.Bucket([]byte(metaBucket)), metaBucket)
	schema, lay := encodeNumber(store.SchemaVersion), encodeNumber(layout)
	return errors.Join(
		b.Put(schemaKey, appendRecord(nil, b.seed, schemaKey, schema)),
		b.Put(layoutKey, appendRecord(nil, b.seed, layoutKey, lay)))
}
