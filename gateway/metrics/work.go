package metrics

import (
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// work counts what the machinery does: queues, storage, the API.
type work struct {
	items             *prometheus.CounterVec
	late, took        *prometheus.HistogramVec
	commits, requests *prometheus.HistogramVec
}

func newWork(m *Metrics) work {
	return work{
		items:    m.counters("queue_items_total", "Handled items of the durable queues, by outcome.", "queue", "outcome"),
		late:     m.histograms("queue_late_seconds", "How long after their time items were begun.", slow, "queue"),
		took:     m.histograms("queue_item_seconds", "How long handling and settling an item took.", slow, "queue"),
		commits:  m.histograms("store_commit_seconds", "How long a transaction took until it was durable.", fast, "result"),
		requests: m.histograms("http_request_seconds", "How long requests to the API and the pages took.", fast, "route", "method", "class"),
	}
}

// Item counts a handled item of a queue.
func (m *Metrics) Item(queue, outcome string, late, took time.Duration) {
	m.work.items.WithLabelValues(queue, outcome).Inc()
	m.work.late.WithLabelValues(queue).Observe(late.Seconds())
	m.work.took.WithLabelValues(queue).Observe(took.Seconds())
}

// Queue shows a queue's state whenever somebody asks: how many handlers run,
// for how long the earliest waiting item has been due, and, unless depth is
// nil, how many items there are. Call it once per queue.
func (m *Metrics) Queue(name string, running func() int, overdue func(now time.Time) time.Duration, depth func() int) {
	labels := prometheus.Labels{"queue": name}
	m.gaugeFunc("queue_running", "Handlers at work.", labels, func() float64 { return float64(running()) })
	m.gaugeFunc("queue_overdue_seconds", "For how long the earliest waiting item has been due.", labels,
		func() float64 { return overdue(time.Now()).Seconds() })
	if depth != nil {
		m.gaugeFunc("queue_depth", "Items in the queue.", labels, func() float64 { return float64(depth()) })
	}
}

// Commit counts a transaction.
func (m *Metrics) Commit(took time.Duration, err error) {
	result := "ok"
	if err != nil {
		result = "error"
	}
	m.work.commits.WithLabelValues(result).Observe(took.Seconds())
}

// StoreFigures are read whenever somebody asks.
type StoreFigures struct {
	FileBytes, FreeBytes, Leases, Commits, Updates func() int64
}

// Store shows the database's figures. Call it once.
func (m *Metrics) Store(f StoreFigures) {
	gauge := func(name, help string, read func() int64) {
		m.gaugeFunc(name, help, nil, func() float64 { return float64(read()) })
	}
	gauge("store_file_bytes", "Size of the database file.", f.FileBytes)
	gauge("store_free_bytes", "Of the database file, free for new rows.", f.FreeBytes)
	gauge("store_leases", "Items leased now.", f.Leases)
	m.counterFunc("store_commits_total", "Physical commits.", f.Commits)
	m.counterFunc("store_updates_total", "Transactions; several share a commit.", f.Updates)
}

// Certificate shows when the certificate of the SMTP listeners ends, and whether
// what its files hold is in use (failed tells why not). Call it once.
func (m *Metrics) Certificate(expires func() time.Time, failed func() error) {
	m.gaugeFunc("tls_certificate_expires_timestamp_seconds", "When the certificate in use ends, Unix time.", nil,
		func() float64 { return float64(expires().Unix()) })
	m.gaugeFunc("tls_certificate_stale", "1 while the certificate files hold something that cannot be taken into use, else 0.", nil, func() float64 {
		if failed() != nil {
			return 1
		}
		return 0
	})
}

// methods are those told apart; the method of a request is the client's choice.
var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// Request counts an HTTP request. route is the pattern that matched, never the
// path itself, which may hold ids and secrets.
func (m *Metrics) Request(route, method string, status int, took time.Duration) {
	if !slices.Contains(methods, method) {
		method = "other"
	}
	m.work.requests.WithLabelValues(route, method, class(status)).Observe(took.Seconds())
}
