package metrics_test

import (
	"errors"
	"io"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/metrics"
)

func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	srv := httptest.NewServer(m.Handler())
	defer srv.Close()
	resp, err := srv.Client().Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(resp.Status, err)
	}
	return string(b)
}

// exercise calls every method once.
func exercise(m *metrics.Metrics) {
	m.Connection("accepted")
	m.Connection("accepted")
	m.Connection("limit")
	m.Ended("quit", time.Second)
	m.Answer("RCPT", gateway.Status{Code: 550})
	m.Message(4096, gateway.Status{Code: 250}, 3*time.Millisecond)
	m.Reply(gateway.ReplyRejected, gateway.ReasonReadOnly)
	m.Reply(gateway.ReplyRejected, "ann@example.org")
	m.Verdicts(gateway.Verdicts{SPF: "pass", DKIM: "ann@example.org", DMARC: "none"})
	m.Notification(gateway.NotificationSkipped, gateway.ReasonRead)
	m.Delivery(gateway.DeliveryDeferred, gateway.Attempt{Hop: "mx.example.org:25", Status: gateway.Status{Code: 451}, Took: 1500})
	m.Event("told", 204, true, time.Millisecond, 2*time.Millisecond)
	m.Event("waiting", 0, false, 15*time.Second, time.Hour)
	m.Item("events", "done", time.Millisecond, time.Millisecond)
	m.Commit(time.Millisecond, nil)
	m.Commit(time.Millisecond, errors.New("full"))
	m.Request("/v1/*/users/*", "GET", 200, time.Millisecond)
	m.Request("/v1/*/users/*", "BREW-ann@example.org", 405, time.Millisecond)
}

func TestEverySeries(t *testing.T) {
	m := metrics.New("1.2.3")
	exercise(m)
	m.Queue("events", func() int { return 3 }, func(time.Time) time.Duration { return 90 * time.Second }, func() int { return 17 })
	m.Queue("deliveries", func() int { return 0 }, func(time.Time) time.Duration { return 0 }, nil)
	one := func() int64 { return 42 }
	m.Store(metrics.StoreFigures{FileBytes: one, FreeBytes: one, Leases: one, Commits: one, Updates: one})
	m.Certificate(func() time.Time { return time.Unix(1_800_000_000, 0) }, func() error { return errors.New("no key") })
	got := scrape(t, m)
	for _, want := range []string{
		`replygate_build_info{version="1.2.3"} 1`,
		`replygate_smtp_connections_total{how="accepted"} 2`,
		`replygate_smtp_sessions_open 1`,
		`replygate_smtp_sessions_total{why="quit"} 1`,
		`replygate_smtp_answers_total{code="5xx",verb="RCPT"} 1`,
		`replygate_smtp_answer_seconds_bucket{class="2xx",le="0.003"} 1`,
		`replygate_smtp_message_bytes_count 1`,
		`replygate_replies_total{reason="read_only",state="rejected"} 1`,
		`replygate_replies_total{reason="other",state="rejected"} 1`,
		`replygate_mail_verdicts_total{method="dkim",verdict="other"} 1`,
		`replygate_notifications_total{reason="read",state="skipped"} 1`,
		`replygate_delivery_attempts_total{class="4xx",state="deferred"} 1`,
		`replygate_delivery_attempt_seconds_sum 1.5`,
		`replygate_event_attempts_total{class="none",state="waiting"} 1`,
		`replygate_event_first_attempt_delay_seconds_count 1`,
		`replygate_queue_items_total{outcome="done",queue="events"} 1`,
		`replygate_queue_depth{queue="events"} 17`,
		`replygate_queue_overdue_seconds{queue="events"} 90`,
		`replygate_queue_running{queue="events"} 3`,
		`replygate_queue_running{queue="deliveries"} 0`,
		`replygate_store_commit_seconds_count{result="error"} 1`,
		`replygate_store_updates_total 42`,
		`replygate_tls_certificate_expires_timestamp_seconds 1.8e+09`,
		`replygate_tls_certificate_stale 1`,
		`replygate_http_request_seconds_count{class="4xx",method="other",route="/v1/*/users/*"} 1`,
		`go_goroutines `,
	} {
		if !strings.Contains(got, "\n"+want) {
			t.Errorf("missing: %s", want)
		}
	}
	if !regexp.MustCompile(`(?m)^replygate_smtp_last_accepted_timestamp_seconds 1\.\d+e\+09$`).MatchString(got) {
		t.Error("the time of the last accepted mail is missing")
	}
	if strings.Contains(got, "example.org") {
		t.Error("a stranger's words became a label")
	}
}

// Two processes' worth of metrics do not meet, and counting is safe.
func TestIndependentAndConcurrent(t *testing.T) {
	a, b := metrics.New("a"), metrics.New("b")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				exercise(a)
			}
		})
	}
	scrape(t, a)
	wg.Wait()
	if got := scrape(t, a); !strings.Contains(got, "\nreplygate_smtp_sessions_total{why=\"quit\"} 800\n") {
		t.Error("counts were lost")
	}
	if strings.Contains(scrape(t, b), "replygate_smtp_sessions_total{") {
		t.Error("one registry shows another's counts")
	}
}
