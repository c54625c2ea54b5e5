package interop

import (
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestDrain stops the gateway by SIGTERM in a stream of replies, again and
// again: what is in progress is finished, nothing that got its 250 is lost,
// nothing is posted twice, and it always ends cleanly and in time.
func TestDrain(t *testing.T) {
	far := startSink(t)
	p := startDoor(t, far.port, "connections_per_minute = 0")
	p.txt(peopleMail, "v=spf1 ip4:127.0.0.0/8 -all")
	p.converse("c", "How many?")
	o := readMail(t, notified(t, far, bobAddress, 1).data)
	rounds := 10
	if long() {
		rounds = 200
	}
	total := 60 * rounds
	slowest := time.Duration(0)
	var again atomic.Int64
	for round := range rounds {
		todo := make(chan int, total)
		for i := round * 60; i < (round+1)*60; i++ {
			todo <- i
		}
		close(todo)
		begun := make(chan struct{})
		var once sync.Once
		var senders sync.WaitGroup
		for range 4 {
			senders.Go(func() {
				for i := range todo {
					// Anything but a 250 is what a queue lives with: it tries again.
					again.Add(p.until250(bobAddress, o.replyTo, plainReply(o, fmt.Sprintf("d%d", i), fmt.Sprintf("answer number %d", i))))
					if i%60 >= round%40 { // the stop falls somewhere else each time
						once.Do(func() { close(begun) })
					}
				}
			})
		}
		<-begun
		stopped := time.Now()
		p.cmd.Process.Signal(syscall.SIGTERM)
		if err := p.cmd.Wait(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		slowest = max(slowest, time.Since(stopped))
		p.start()
		senders.Wait()
	}
	if slowest > 35*time.Second && long() {
		t.Errorf("a stop took %v", slowest)
	}
	got := map[string]int{}
	for _, text := range p.texts("c") {
		got[text]++
	}
	for i := range total {
		if n := got[fmt.Sprintf("answer number %d", i)]; n != 1 {
			t.Errorf("mail %d was posted %d times", i, n)
		}
	}
	t.Logf("%d stops, the slowest took %v; %d mails, %d more tries", rounds, slowest, total, again.Load())
}

// until250 sends a mail until it is taken, and returns how often in vain.
func (p *product) until250(sender, to string, data []byte) (vain int64) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for sendOnce("127.0.0.1", p.smtp, sender, to, data) != nil && p.t.Context().Err() == nil {
		vain++
		<-tick.C
	}
	return vain
}
