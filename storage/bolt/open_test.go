package bolt

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/replygate/replygate/gateway/store"
)

// TestOpenLeftovers opens what a crash while the database was made can leave.
func TestOpenLeftovers(t *testing.T) {
	for name, prepare := range map[string]func(dir string) error{
		"nothing":           func(string) error { return nil },
		"a directory":       func(dir string) error { return os.MkdirAll(dir, 0o700) },
		"an empty file":     func(dir string) error { return write(dir, fileName, "") },
		"half a new one":    func(dir string) error { return write(dir, newName, strings.Repeat("\x01", 5000)) },
		"an empty new one":  func(dir string) error { return write(dir, newName, "") },
		"both":              func(dir string) error { return errors.Join(write(dir, newName, "x"), write(dir, fileName, "")) },
		"blobs' directory":  func(dir string) error { return os.MkdirAll(filepath.Join(dir, blobsDir), 0o700) },
		"a lock nobody has": func(dir string) error { return write(dir, lockName, "") },
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "deep", "data")
			if err := prepare(dir); err != nil {
				t.Fatal(err)
			}
			e := openTest(t, dir)
			defer e.Close()
			if _, err := os.Stat(filepath.Join(dir, newName)); err == nil {
				t.Error("the temporary file is still there")
			}
			if err := e.Check(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}

func write(dir, name, content string) error {
	return errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
}

func wantOpenError(t *testing.T, dir string, want error, says string) {
	t.Helper()
	e, err := Open(dir, Options{})
	if err == nil {
		e.Close()
	}
	if !errors.Is(err, want) || !strings.Contains(err.Error(), says) {
		t.Errorf("open: %v, want %v that says %q", err, want, says)
	}
}

func TestOpenLocked(t *testing.T) {
	dir := t.TempDir()
	e := openTest(t, dir)
	defer e.Close()
	wantOpenError(t, dir, ErrLocked, "stop that process")
}

func TestOpenNewer(t *testing.T) {
	for _, key := range [][]byte{schemaKey, layoutKey} {
		dir := t.TempDir()
		if err := openTest(t, dir).Close(); err != nil {
			t.Fatal(err)
		}
		db, err := bbolt.Open(filepath.Join(dir, fileName), 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = db.Update(func(btx *bbolt.Tx) error {
			b := newBucket(btx.Bucket([]byte(metaBucket)), metaBucket)
			return b.Put(key, appendRecord(nil, b.seed, key, encodeNumber(99)))
		})
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		wantOpenError(t, dir, ErrNewer, "99")
	}
}

// TestOpenForeign opens a bbolt file of another program.
func TestOpenForeign(t *testing.T) {
	dir := t.TempDir()
	db, err := bbolt.Open(filepath.Join(dir, fileName), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); err == nil {
		t.Error("another program's file was opened")
	}
}

// TestOpenLostDatabase: blobs without a database mean that something is wrong,
// and a new database would have them swept.
func TestOpenLostDatabase(t *testing.T) {
	dir := t.TempDir()
	if err := write(filepath.Join(dir, blobsDir, "ab"), "abcd", "x"); err != nil {
		t.Fatal(err)
	}
	wantOpenError(t, dir, ErrDamaged, "restore it from a backup")
}

// TestManyFreePages leaves more free pages than are listed with every commit,
// and opens the database after a clean end and as after a crash.
func TestManyFreePages(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	e := openTest(t, dir)
	for round := range 2 {
		for from := 0; from < 12; from++ {
			err := e.Update(ctx, store.SystemScope("t"), func(tx store.Tx) error {
				for i := range 12 {
					k := store.Key{byte(from), byte(i)}
					if round == 1 {
						if err := tx.Delete("rows", k); err != nil {
							return err
						}
					} else if err := tx.Put("rows", k, make([]byte, 600<<10)); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if !e.db.NoFreelistSync {
		t.Fatalf("the list of free pages is still written: %+v", e.db.Stats())
	}
	put := func() error {
		return e.Update(ctx, store.SystemScope("t"), func(tx store.Tx) error { return tx.Put("rows", store.Key("k"), nil) })
	}
	if err := errors.Join(put(), e.Check(ctx)); err != nil {
		t.Fatal(err)
	}
	crashed := filepath.Join(t.TempDir(), "crashed")
	data, err := os.ReadFile(filepath.Join(dir, fileName))
	if err := errors.Join(err, write(crashed, fileName, string(data)), e.Close()); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{dir, crashed} {
		e = openTest(t, dir)
		if err := errors.Join(put(), e.Check(ctx), e.Close()); err != nil {
			t.Error(err)
		}
	}
}
