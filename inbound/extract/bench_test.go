package extract

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway/gatewaytest"
)

// BenchmarkText runs over the texts of the corpus that have an expectation, about 540 bytes on average: messages per second on one core.
func BenchmarkText(b *testing.B) {
	dir, cases := corpus(b)
	var in []Input
	size := 0
	for i := range cases {
		c := &cases[i]
		if c.Kind != "text" || c.Expected == "" && c.Asserts == nil {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, c.BodyFile))
		if err != nil {
			b.Fatal(err)
		}
		in = append(in, Input{Text: strings.ToValidUTF8(string(raw), "\ufffd")})
		size += len(raw)
	}
	b.SetBytes(int64(size / len(in)))
	b.ReportAllocs()
	start := gatewaytest.ProcessorTime()
	for i := 0; b.Loop(); i++ {
		Extract(in[i%len(in)])
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
	b.ReportMetric(float64(b.N)/(gatewaytest.ProcessorTime()-start).Seconds(), "msgs/cpu-s")
}

// BenchmarkHTML runs over the HTML parts of the corpus.
func BenchmarkHTML(b *testing.B) {
	dir, cases := corpus(b)
	var in []Input
	for i := range cases {
		if c := cases[i].input(b, dir); c.HTML != "" && cases[i].Expected != "" {
			in = append(in, Input{HTML: c.HTML})
		}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		Extract(in[i%len(in)])
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
}
