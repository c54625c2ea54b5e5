package compose

import "testing"

func TestQuotable(t *testing.T) {
	for in, want := range map[string]string{
		"":           "",
		"a &lt; b":   "a &lt; b",
		"<br/><br>x": "<br/><br>x",
		"<!DOCTYPE html><html lang=\"de\"><head><title>T</title><style>p > a { }</style></head><body class=\"page\"><p style=\"margin:0\">Hi</p></body></html>": "<html><head><title>T</title><style></style></head><body><p>Hi</p></body></html>",
		"<!--[if mso]><table><![endif]--><td width=5><a href=\"https://x.test/?a=1&amp;b=2\" style=\"color:red\">go</a></td>":                                   "<td><a href=\"https://x.test/?a=1&amp;b=2\">go</a></td>",
		"<img alt=\"😀\" src=\"cid:1\" width=\"20\"/>": "<img alt=\"😀\"/>",
		"<style>a<b>c":                      "<style>",
		"<style>a</style\n>b<style/>c</p>d": "<style></style\n>b<style/>",
		"<textarea style=\"x\">a < b <b></textarea><p title='x>y'>c":                   "<textarea>a < b <b></textarea><p>c",
		"<HEAD><META charset=utf-8></HEAD><BODY BGCOLOR=white>Umlaut: &uuml; ü</BODY>": "<HEAD><meta></HEAD><body>Umlaut: &uuml; ü</BODY>",
	} {
		if got := Quotable(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}
