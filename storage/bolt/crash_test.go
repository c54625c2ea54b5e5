package bolt

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// crashDir names, in the environment of this test's child, the directory it
// writes to until it is killed.
const crashDir = "REPLYGATE_TEST_CRASH_DIR"

// TestCrash kills a process in the middle of its commits, again and again: what
// it said was stored is there, whole; what a function that failed wrote is not.
func TestCrash(t *testing.T) {
	if dir := os.Getenv(crashDir); dir != "" {
		crashWriter(dir)
		return
	}
	rounds := 10
	if testing.Short() {
		rounds = 3
	}
	dir, acked := t.TempDir(), map[string]bool{}
	for round := range rounds {
		for _, id := range killedAfter(t, dir, round, 100+60*round) {
			acked[id] = true
		}
		e := openTest(t, dir)
		if err := e.Check(context.Background()); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		checkAcked(t, e, acked)
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d acknowledged updates survived %d kills", len(acked), rounds)
}

// crashWriter writes from several goroutines, and prints what was acknowledged.
func crashWriter(dir string) {
	e, err := Open(dir, Options{})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	round := os.Getenv(crashDir + "_ROUND")
	for c := range 8 {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%s-%d-%06d", round, c, i)
				if err := crashUpdate(e, id, i); err == nil {
					fmt.Println("ack", id)
				} else if !errors.Is(err, errCrash) {
					fmt.Println("error", err)
				}
			}
		}()
	}
	select {}
}

var errCrash = errors.New("fails on purpose")

// crashUpdate puts a row, an item and a blob that belong together; every fifth fails.
func crashUpdate(e *Engine, id string, i int) error {
	ctx := context.Background()
	staged, err := e.Stage(ctx, "app", []byte(strings.Repeat(id, 1+i%3*1400)))
	if err != nil {
		return err
	}
	return e.Update(ctx, store.AppScope("app"), func(tx store.Tx) error {
		ref, err := tx.Keep(staged)
		if err != nil {
			return err
		}
		it := store.Item{ItemRef: store.ItemRef{Queue: store.Events, App: "app", Shard: 1, ID: id}, Due: time.Now(), Lane: id[:3]}
		err = errors.Join(tx.Put("rows", store.Key(id), []byte(ref)), tx.Enqueue(it))
		if i%5 == 4 {
			err = errors.Join(err, tx.Put("failed", store.Key(id), nil), errCrash)
		}
		return err
	})
}

// killedAfter runs the writer, kills it after some acknowledgements, and returns
// all that it printed.
func killedAfter(t *testing.T, dir string, round, acks int) (ids []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestCrash$")
	cmd.Env = append(os.Environ(), crashDir+"="+dir, fmt.Sprintf("%s_ROUND=%02d", crashDir, round))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			break // a last line without its end was not acknowledged to anybody
		}
		word, id, _ := strings.Cut(strings.TrimSpace(line), " ")
		if err != nil || word != "ack" {
			t.Errorf("the writer said %q, %v", line, err)
			break
		}
		if ids = append(ids, id); len(ids) == acks {
			cmd.Process.Kill()
		}
	}
	cmd.Process.Kill()
	cmd.Wait() // it was killed
	return ids
}

func checkAcked(t *testing.T, e *Engine, acked map[string]bool) {
	t.Helper()
	found := map[string]string{}
	err := e.View(context.Background(), func(r store.Reader) error {
		if err := r.Scan("failed", store.Range{}, func(k store.Key, _ []byte) (bool, error) {
			t.Errorf("%s failed and was kept", k)
			return true, nil
		}); err != nil {
			return err
		}
		return r.Scan("rows", store.Range{}, func(k store.Key, v []byte) (bool, error) {
			found[string(k)] = string(v)
			_, err := r.Item(store.ItemRef{Queue: store.Events, App: "app", Shard: 1, ID: string(k)})
			return true, err // a row without its item is half an update
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	for id := range acked {
		if found[id] == "" {
			t.Errorf("%s was acknowledged and is lost", id)
		}
	}
	for id, ref := range found {
		data, err := e.Blob(context.Background(), "app", gateway.BlobRef(ref))
		if err != nil || !strings.HasPrefix(string(data), id) {
			t.Errorf("the blob of %s: %.20q, %v", id, data, err)
		}
	}
}
