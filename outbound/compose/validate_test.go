package compose

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// broken are templates with what Validate says of them.
var broken = []struct{ source, want string }{
	{"one\n  {{if .Messages}}two", "2:3 an {{if}}, {{range}} or {{with}} has no {{end}}"},
	{"one\ntwo {{end}}", "2:5 unexpected {{end}}"},
	{"ü {{.Sender.Name", "1:3 unclosed action"},
	{"a\nb {{.App}} {{wrong .App}}", `2:12 function "wrong" not defined`},
	{"a\n{{range .Messages}}{{.Txt}}{{end}}", "2:22 there is no field Txt here"},
	{"{{if not .MayReply}}\n{{.Nothing}}{{end}}", "2:3 there is no field Nothing here"},
	{"{{.App.Name}}", "1:7 there is no field Name here"},
	{"{{define \"x\"}}a{{end}}", "1:1 define and block are not available"},
	{"a{{template \"x\"}}", "1:2 template is not available"},
	{"{{block \"x\" .}}a{{end}}", "1:1 define and block are not available"},
	{"{{call .App}}", `1:1 function "call" not defined`},
	{"{{html .App}}", `1:1 function "html" not defined`},
	{"{{js .App}}", `1:1 function "js" not defined`},
	{"{{step 1 1}}", `1:1 function "step" not defined`},
	{"{{comment .App}}", `1:1 function "comment" not defined`},
	{"\n\n{{range 1000000000}}{{end}}", "3:1 the template does too much"},
	{"{{range 1000}}\n{{range 1000}}{{range 1000}}{{end}}{{end}}{{end}}", "does too much"},
	{"{{range 1000}}{{$.App}}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{{end}}", "the result is longer than 96 kB"},
	{`{{$s := "xxxxxxxx"}}{{range 100}}{{$s = print $s $s}}{{end}}`, "does too much"},
	{`{{$s := "xxxxxxxx"}}{{range 100}}{{$s = printf "%s%s" $s $s}}{{end}}`, "does too much"},
	{`{{printf "%1000000000d" 1}}`, "a width has three digits"},
	{`{{printf "%*d" 1000000000 1}}`, "* and [ are not available"},
	{`{{printf "%[1]*d" 1000000000}}`, "* and [ are not available"},
	{`{{printf "%.1000000000f" 1.0}}`, "a width has three digits"},
	{`{{printf "` + strings.Repeat("%999d", 2000) + `"}}`, "does too much"},
	{"{{date \"" + strings.Repeat("January", 20) + "\" (index .Messages 0).At}}", "the layout is too long"},
	{strings.Repeat("{{range .Messages}}", 5) + strings.Repeat("{{end}}", 5), "nested too deeply"},
	{strings.Repeat("{{if .App}}", 30) + strings.Repeat("{{end}}", 30), "nested too deeply"},
	{strings.Repeat("(", 10) + "{{" + strings.Repeat("(", 20000) + ".App", "1:"},
	{strings.Repeat("x", MaxTemplate+1), "1:1 the template is longer than 64 kB"},
	{"{{index .Messages 99}}", "index out of range"},
	{"{{.Messages.Foo}}", "1:12 there is no field Foo here"},
	{"{{(index .Messages 0).At.at}}", "there is no field at here"},
}

func TestValidate(t *testing.T) {
	for _, c := range broken {
		for _, tm := range []Template{{HTML: c.source}, {Text: c.source}, {Subject: c.source}} {
			start := time.Now()
			ps := Validate(tm)
			if took := time.Since(start); took > time.Minute {
				t.Errorf("%.60q took %v", c.source, took)
			}
			if len(ps) != 1 {
				t.Errorf("%.60q: %d problems: %v", c.source, len(ps), ps)
				continue
			}
			if got := fmt.Sprintf("%d:%d %s", ps[0].Line, ps[0].Column, ps[0].Reason); !strings.Contains(got, c.want) {
				t.Errorf("%.60q: got %q, want %q", c.source, got, c.want)
			}
		}
	}
	for source, want := range map[string]string{
		"a\n<a href='{{.App}}":                                         "ends in a non-text context",
		"a\n<p {{if .App}}title=\"{{end}}>":                            "branches end in different contexts",
		"<script>var x = `${ {{.App}} }`</script>":                     "",
		"<a onclick=\"f({{.App}})\" href=\"{{.Conversation.URL}}\">":   "",
		"{{.Conversation.URL}} <img src={sender_profile_image}> {x} {": "",
	} {
		ps := Validate(Template{HTML: source})
		if want == "" && len(ps) > 0 || want != "" && (len(ps) != 1 || !strings.Contains(ps[0].Reason, want)) {
			t.Errorf("%q: got %v, want %q", source, ps, want)
		}
	}
	if ps := Validate(Template{HTML: supportBoard, Text: "{message}", Subject: "x"}); ps != nil {
		t.Errorf("a sound template: %v", ps)
	}
	if ps := Validate(Template{HTML: "{{x}}", Text: "{{y}}", Subject: "{{z}}"}); len(ps) != 3 || ps[0].Part != PartHTML || ps[1].Part != PartText || ps[2].Part != PartSubject {
		t.Errorf("three broken parts: %v", ps)
	}
}
