package interop

import (
	"fmt"
	"strings"
)

// vectors are bodies that try to run a script, to load something, or to send
// somebody elsewhere. In them, RUN is a script that tells that it ran, and HOST a
// host that nobody is to ask anything.
func vectors() []string {
	var out []string
	for _, family := range [][]string{
		handlerVectors(), schemeVectors(), loadingVectors(), parsingVectors(), foreignVectors(), styleVectors(), actingVectors(),
	} {
		out = append(out, family...)
	}
	return out
}

// handlerVectors put handlers on elements, with the things that set them off.
func handlerVectors() (out []string) {
	for _, tag := range []string{"img", "svg", "body", "video", "audio", "input", "details", "button", "div", "a href=#", "marquee", "form", "select", "table", "p"} {
		for _, on := range []string{"onload", "onerror", "onfocus autofocus tabindex=0", "onmouseover", "onclick", "ontoggle open", "onanimationstart style=animation:x", "onpointerenter"} {
			name, rest, _ := strings.Cut(on, " ")
			out = append(out, fmt.Sprintf("<%s src=HOST/h %s %s=RUN>x</%s>", tag, rest, name, strings.Fields(tag)[0]))
		}
	}
	return append(out,
		"<img/src=x/onerror=RUN>", "<img\tsrc=x\tonerror=RUN>", "<img\nsrc=x\nonerror\n=\nRUN>", "<IMG SRC=x ONERROR=RUN>", "<img src=x onerror='RUN'>",
		"<img src=x onerror=\"RUN\">", "<img src=x onerror=`RUN`>", "<img src=\"x\"onerror=RUN>", "<img src='a>b' onerror=RUN>", "<img src=x onerror=&#82;UN>",
		"<img src=x:x onerror=RUN//>", "<img src=x onerror=\"RUN", "<img src onerror=RUN a=\">\">", "<img alt=\"><script>RUN</script>\">", "<img alt='\"><img src=x onerror=RUN>'>",
		"<a title=\"<img src=x onerror=RUN>\">x</a>", "<img src=x a='' onerror=RUN b=''>", "<img src=x \x0conerror=RUN>", "<img src=x on\u200berror=RUN onerror=RUN>", "<img/onerror=RUN/src=x/>",
		"<x onclick=RUN tabindex=0 id=x autofocus onfocus=RUN>x</x>", "<xss contenteditable onblur=RUN onfocus=RUN autofocus tabindex=1>x</xss>", "<b onbeforeinput=RUN contenteditable>x</b>",
		"<div popover id=p onbeforetoggle=RUN>x</div><button popovertarget=p>x</button>", "<svg><animate onbegin=RUN attributeName=x dur=1s>", "<video><source onerror=RUN src=x></video>",
		"<audio src=x onerror=RUN>", "<input type=image src=x onerror=RUN>", "<object data=x onerror=RUN></object>", "<iframe onload=RUN></iframe>", "<body onpageshow=RUN>", "<frameset onload=RUN>",
		"<keygen autofocus onfocus=RUN>", "<isindex type=image src=x onerror=RUN>", "<style onload=RUN></style>", "<link rel=stylesheet href=HOST/l onload=RUN onerror=RUN>",
		"<track onerror=RUN src=x default>", "<marquee onstart=RUN>x</marquee>", "<dialog open onclose=RUN><form method=dialog><button autofocus>x</button></form></dialog>",
	)
}

// schemeVectors write what a link may not lead to, in many spellings, into all
// that takes a link.
func schemeVectors() (out []string) {
	spellings := []string{
		"javascript:RUN", "JaVaScRiPt:RUN", " javascript:RUN", "\tjavascript:RUN", "\njavascript:RUN", "java\tscript:RUN", "java\nscript:RUN", "java&#10;script:RUN",
		"java&Tab;script:RUN", "java&NewLine;script:RUN", "javascript&colon;RUN", "&#106;avascript:RUN", "&#x6A;avascript:RUN", "&#0000106avascript:RUN", "&#1;javascript:RUN",
		"&#x1f;javascript:RUN", "javascript&#58;RUN", "javascript://%0aRUN", "javascript:/*--></title></style></textarea></script>*/RUN", "vbscript:RUN",
		"data:text/html,<script>RUN</script>", "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==", "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='RUN'/>",
		"view-source:javascript:RUN", "feed:javascript:RUN", "blob:null/x", "filesystem:x", "file:///etc/passwd", "//HOST/p", "\\\\HOST\\p", "/relative", "?q", "#x", "http:HOST/p", "http:///HOST/p", "https:\\\\HOST\\p",
	}
	for _, s := range spellings {
		out = append(out, `<a href="`+s+`">x</a>`, `<iframe src="`+s+`"></iframe>`)
	}
	for _, s := range spellings[:12] {
		out = append(out, `<form action="`+s+`"><input type=submit></form>`, `<button formaction="`+s+`" form=f>x</button><form id=f></form>`, `<svg><a xlink:href="`+s+`"><text y=9>x</text></a></svg>`,
			`<object data="`+s+`"></object>`, `<embed src="`+s+`">`, `<img src="`+s+`">`)
	}
	return append(out, `<base href="javascript:RUN//"><a href="x">x</a>`, `<base href="HOST/b/"><a href="x">x</a><img src=y>`, `<base target=_top><a href="/x">x</a>`,
		`<map name=m><area href="javascript:RUN" shape=default></map><img usemap=#m src=HOST/i>`, `<a href="mailto:a@b.test?x=%22onclick=RUN">x</a>`,
		`<a href='https://a.test/"onclick="RUN'>x</a>`, `<a href="https://a.test/&quot;><script>RUN</script>">x</a>`, `<a href="https://a.test/" target=_blank ping=HOST/ping>x</a>`,
		`<a href="https://user:pw@a.test/">x</a>`, `<a href="https://a.test/" rel=opener target=x>x</a>`, `<a href=https://a.test/'onclick=RUN'>x</a>`)
}

// loadingVectors load something when they are shown.
func loadingVectors() (out []string) {
	for _, v := range []string{
		`<img src=U>`, `<img srcset="U 1x, U 2x">`, `<img src=cid:x srcset="U 1x">`, `<img sizes=1px srcset="U 100w">`, `<picture><source srcset=U><img src=cid:x></picture>`, `<img lowsrc=U>`, `<img dynsrc=U>`,
		`<img src="cid:x" style="background:url(U)">`, `<img src="cid:x&quot;&gt;&lt;img src=U&gt;">`, `<IMG SRC="Cid:x" SRC=U>`, `<img src="cid:../../U">`, `<img src=" U">`, `<image src=U>`,
		`<video poster=U></video>`, `<video src=U autoplay></video>`, `<audio src=U autoplay></audio>`, `<video><source src=U></video>`, `<video><track src=U default></video>`,
		`<iframe src=U></iframe>`, `<iframe srcdoc="<img src=U>"></iframe>`, `<frameset><frame src=U></frameset>`, `<object data=U></object>`, `<object><param name=movie value=U></object>`, `<embed src=U>`,
		`<applet code=U></applet>`, `<link rel=stylesheet href=U>`, `<link rel=preload as=image href=U>`, `<link rel=prefetch href=U>`, `<link rel=dns-prefetch href=U>`, `<link rel=preconnect href=U>`, `<link rel=icon href=U>`,
		`<link rel=manifest href=U>`, `<link rel=modulepreload href=U>`, `<link rel=import href=U>`, `<script src=U></script>`, `<script type=module>import "U"</script>`, `<meta http-equiv=refresh content="0;url=U">`,
		`<meta http-equiv="refresh" content="0;javascript:RUN">`, `<meta http-equiv=Set-Cookie content=x=1>`, `<meta http-equiv=Link content="<U>;rel=stylesheet">`, `<meta charset=utf-7>+ADw-script+AD4-RUN+ADw-/script+AD4-`,
		`<input type=image src=U>`, `<body background=U>`, `<table background=U><tr><td background=U>x</td></tr></table>`, `<bgsound src=U>`, `<svg><image href=U /></svg>`, `<svg><image xlink:href=U /></svg>`,
		`<svg><use href="U#x"/></svg>`, `<svg><feImage href=U /></svg>`, `<svg><style>@import 'U';</style></svg>`, `<svg><script href=U /></svg>`, `<svg><foreignObject><img src=U></foreignObject></svg>`,
		`<math><annotation-xml encoding="text/html"><img src=U></annotation-xml></math>`, `<math><mtext><img src=U></mtext></math>`, `<blockquote cite=U>x</blockquote>`, `<q cite=U>x</q>`, `<del cite=U>x</del>`,
		`<form action=U method=post id=f><input name=a></form><script>f.submit()</script>`, `<portal src=U></portal>`, `<fencedframe src=U></fencedframe>`, `<noscript><img src=U></noscript>`, `<xml src=U></xml>`, `<?xml-stylesheet href="U"?>x`,
		`<!DOCTYPE x SYSTEM "U"><p>x</p>`, `<html manifest=U>`, `<head><link rel=stylesheet href=U></head>`, `<template shadowrootmode=open><img src=U></template>`, `<div><template shadowrootmode=open><style>@import "U"</style></template></div>`,
		`<layer src=U></layer>`, `<ilayer src=U></ilayer>`, `<command icon=U>`, `<menuitem icon=U>`, `<isindex action=U>`, `<a href=https://a.test/ attributionsrc=U>x</a>`, `<img attributionsrc=U src=cid:x>`,
	} {
		out = append(out, strings.ReplaceAll(v, "U", "http://HOST/load"))
	}
	return append(out, `<img src=//HOST/x>`, `<img src=\\HOST\x>`, `<img src=/x.png>`, `<img src=x.png>`, `<img src=data:image/png;base64,iVBORw0KGgo=>`, `<img src=blob:x>`)
}

// parsingVectors hope that what reads them reads them differently from a browser.
func parsingVectors() []string {
	return []string{
		"<script>RUN</script>", "<SCRIPT>RUN</SCRIPT>", "<script >RUN</script >", "<script/x>RUN</script>", "<script\n>RUN</script\n>", "<scr<script>ipt>RUN</scr</script>ipt>", "<<script>RUN</script>", "<script>RUN", "<script>RUN//<",
		"<script src=data:,RUN></script>", "<script>/*<p>*/RUN</script>", "<p><script>RUN</script></p>", "<table><script>RUN</script></table>", "<select><script>RUN</script></select>", "<select><template><script>RUN</script></template></select>",
		"<!--><script>RUN</script>-->", "<!---><script>RUN</script>-->", "<!-- --!><script>RUN</script>-->", "<!--<img src=\"--><img src=x onerror=RUN//\">", "<!--[if IE]><script>RUN</script><![endif]-->", "<![CDATA[<script>RUN</script>]]>", "<!x><script>RUN</script>",
		"<?php ?><script>RUN</script>", "<?xml version=\"1.0\"?><script>RUN</script>", "</><script>RUN</script>", "</p x=\"><script>RUN</script>\">", "<//><img src=x onerror=RUN>", "<%<!--'%><script>RUN</script -->", "<!doctype html><script>RUN</script>",
		"<noscript><p title=\"</noscript><img src=x onerror=RUN>\"></noscript>", "<noscript><!--</noscript><img src=x onerror=RUN>--></noscript>", "<noembed><p title=\"</noembed><img src=x onerror=RUN>\">", "<noframes><p title=\"</noframes><img src=x onerror=RUN>\">",
		"<style><p title=\"</style><img src=x onerror=RUN>\">", "<title><p title=\"</title><img src=x onerror=RUN>\">", "<textarea><p title=\"</textarea><img src=x onerror=RUN>\">", "<xmp><p title=\"</xmp><img src=x onerror=RUN>\">", "<iframe><p title=\"</iframe><img src=x onerror=RUN>\">",
		"<plaintext><img src=x onerror=RUN>", "<listing>&lt;img src=x onerror=RUN&gt;</listing>", "<pre>&lt;img src=x onerror=RUN&gt;</pre>", "<xmp>&lt;img src=x onerror=RUN&gt;</xmp>", "&lt;script&gt;RUN&lt;/script&gt;", "&amp;lt;script&amp;gt;RUN&amp;lt;/script&amp;gt;",
		"<template><script>RUN</script></template>", "<template><img src=x onerror=RUN></template>", "<form><form><img src=x onerror=RUN></form></form>", "<table><tr><td><img src=x onerror=RUN><table>", "<table><a href=javascript:RUN>x<td>y", "<b><p><b><img src=x onerror=RUN></p></b>",
		"<a><table><a href=javascript:RUN>x</a></table></a>", "<p><table><p><img src=x onerror=RUN></table>", "<option><style></option></select><img src=x onerror=RUN></style>", "<select><style></select><img src=x onerror=RUN></style>", "<select><iframe></select><img src=x onerror=RUN></iframe>",
		"<caption><table><img src=x onerror=RUN>", "<svg></p><style><a title=\"</style><img src=x onerror=RUN>\">", "<frameset><img src=x onerror=RUN></frameset>", "<body><body onload=RUN>", "<html onclick=RUN><p>x</p>", "</body><img src=x onerror=RUN>", "</html><img src=x onerror=RUN>",
		"<p \"><script>RUN</script>\">", "<p '><script>RUN</script>'>", "<p/=\"><img src=x onerror=RUN>\">x</p>", "<p <img src=x onerror=RUN>>x</p>", "<a href=\"https://a.test/\"\"><img src=x onerror=RUN>\">x</a>", "<img src=\"cid:x\" alt=\"`><img src=x onerror=RUN>\">", "<img alt=\"``onerror=RUN\" src=cid:x>",
		"&#60;script&#62;RUN&#60;/script&#62;", "\uff1cscript\uff1eRUN\uff1c/script\uff1e", "\u2039script\u203aRUN\u2039/script\u203a", "+ADw-script+AD4-RUN+ADw-/script+AD4-", "<\u0131mg src=x onerror=RUN>", "<\u017fcript>RUN</\u017fcript>", "<s\u0000cript>RUN</s\u0000cript>", "\ufeff<script>RUN</script>", "\u2028<img src=x onerror=RUN>",
		strings.Repeat("<div>", 600) + "<img src=x onerror=RUN>", strings.Repeat("<b>", 400) + "<script>RUN</script>", strings.Repeat("<p>", 3000) + "<img src=x onerror=RUN>", strings.Repeat("<table>", 300) + "<img src=x onerror=RUN>", strings.Repeat("<i></b>", 21000) + "<img src=x onerror=RUN>",
		"<br onclick=RUN>", "<hr style=background:url(http://HOST/hr) onclick=RUN>", "<li onclick=RUN>x", "<td onclick=RUN>x", "<dd onclick=RUN>x", "<h1 id=body name=alert onclick=RUN>x</h1>",
	}
}

// foreignVectors hide in SVG and MathML, which browsers parse by other rules.
func foreignVectors() []string {
	return []string{
		"<svg/onload=RUN>", "<svg onload=RUN><p>x", "<svg><script>RUN</script></svg>", "<svg><script>&#82;UN</script></svg>", "<svg><script/>RUN</svg>", "<svg><a href=javascript:RUN><text y=9>x</text></a></svg>", "<svg><set attributeName=href to=javascript:RUN></svg>",
		"<svg><animate attributeName=href values=javascript:RUN /><a id=x><text y=9>x</text></a></svg>", "<svg><foreignObject><script>RUN</script></foreignObject></svg>", "<svg><desc><script>RUN</script></desc></svg>", "<svg><title><img src=x onerror=RUN></title></svg>",
		"<svg><style><img src=x onerror=RUN></style></svg>", "<svg><style>&lt;img src=x onerror=RUN&gt;</style></svg>", "<svg><p><style><!--</style><img src=x onerror=RUN>--></style>", "<svg></svg><img src=x onerror=RUN>", "<svg><![CDATA[><img src=x onerror=RUN>]]></svg>",
		"<svg><use href=\"data:image/svg+xml,<svg id='x' xmlns='http://www.w3.org/2000/svg'><image href='1' onerror='RUN'/></svg>#x\"/></svg>", "<svg><filter onload=RUN></filter></svg>", "<svg><image href=x onerror=RUN></svg>", "<svg><handler type=text/javascript>RUN</handler></svg>",
		"<svg xmlns:x=http://www.w3.org/1999/xlink><a x:href=javascript:RUN><text>x</text></a></svg>", "<svg><annotation-xml><foreignobject><style><!--</style><p id=\"--><img src=x onerror=RUN>\">",
		"<math href=javascript:RUN>x</math>", "<math><mi xlink:href=javascript:RUN>x</mi></math>", "<math><maction actiontype=statusline xlink:href=javascript:RUN>x</maction></math>", "<math><script>RUN</script></math>", "<math><img src=x onerror=RUN></math>", "<math><mtext><script>RUN</script></mtext></math>",
		"<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=x onerror=RUN&gt;\">", "<math><mtext><table><mglyph><style><math><img src=x onerror=RUN></style></mglyph></table></mtext></math>", "<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=RUN></style></mglyph></form>",
		"<math><annotation-xml encoding=text/html><script>RUN</script></annotation-xml></math>", "<math><annotation-xml><style><img src=x onerror=RUN></style></annotation-xml></math>", "<math><mi><mglyph><svg><mtext><style><path id=\"</style><img src=x onerror=RUN>\">", "<math><mtext><option><FAKEFAKE><option></option><mglyph><svg><mtext><style><a title=\"</style><img src=x onerror=RUN>\">",
		"<svg><math><mtext><p><style><img src=x onerror=RUN></style>", "<math><svg><style><img src=x onerror=RUN></style>", "<svg><font color=x><img src=x onerror=RUN></svg>", "<math><a href=javascript:RUN>x</a></math>", "<svg><b><img src=x onerror=RUN></b></svg>", "<x:script xmlns:x=http://www.w3.org/1999/xhtml>RUN</x:script>",
		"<svg><p><b title=\"</svg><img src=x onerror=RUN>\">x</b>", "<math><p><i title=\"</math><img src=x onerror=RUN>\">x</i>", "<a:script>RUN</a:script>", "<svg><textarea><img src=x onerror=RUN></textarea></svg>", "<svg><noscript><img src=x onerror=RUN></noscript></svg>",
	}
}

// styleVectors load, cover or run something by style.
func styleVectors() (out []string) {
	for _, css := range []string{
		"background:url(http://HOST/css)", "background-image:url('http://HOST/css')", "list-style:url(http://HOST/css)", "content:url(http://HOST/css)", "cursor:url(http://HOST/css),auto", "border-image:url(http://HOST/css) 1", "mask:url(http://HOST/css)", "filter:url(http://HOST/css#x)",
		"background:u\\72l(http://HOST/css)", "background:image-set('http://HOST/css' 1x)", "width:expression(RUN)", "-moz-binding:url(http://HOST/css#x)", "behavior:url(http://HOST/css)", "position:fixed;inset:0;z-index:9999", "animation:x 1s;background:url(http://HOST/css)", "--x:url(http://HOST/css);background:var(--x)",
	} {
		out = append(out, `<p style="`+css+`">x</p>`, `<div style='`+css+`'>x</div>`)
	}
	for _, css := range []string{
		"@import 'http://HOST/css'", "@import url(http://HOST/css)", "*{background:url(http://HOST/css)}", "@font-face{font-family:x;src:url(http://HOST/css)}*{font-family:x}", "li{list-style-image:url(http://HOST/css)}", "p::before{content:url(http://HOST/css)}", "</style><img src=x onerror=RUN>", "<!--</style><img src=x onerror=RUN>-->",
	} {
		out = append(out, "<style>"+css+"</style><p>x</p>", "<svg><style>"+css+"</style></svg><p>x</p>")
	}
	return out
}

// actingVectors make the page do something, or pass for a part of it.
func actingVectors() []string {
	return []string{
		"<form name=body><input name=firstChild></form>", "<img name=getElementById src=cid:x>", "<a id=document name=cookie href=https://a.test/>x</a>", "<form id=x></form><button form=x formaction=javascript:RUN>x</button>", "<input autofocus onfocus=RUN>", "<input type=password name=p>", "<textarea autofocus onfocus=RUN>x</textarea>",
		"<button onclick=RUN autofocus>x</button>", "<button type=submit formaction=//HOST/f>x</button>", "<label for=x onclick=RUN>x</label>", "<a href=https://a.test/ accesskey=x onclick=RUN>x</a>", "<a href=https://a.test/ download>x</a>", "<a href=https://a.test/ style=position:fixed;inset:0>x</a>", "<div contenteditable onpaste=RUN>x</div>",
		"<p is=x-y onclick=RUN>x</p>", "<slot onslotchange=RUN>x</slot>", "<div slot=x id=x class=x data-x=RUN ng-app>{{constructor.constructor('RUN')()}}</div>", "<p v-html=\"'<img src=x onerror=RUN>'\">x</p>", "<div hx-get=//HOST/hx hx-trigger=load>x</div>", "<details open ontoggle=RUN><summary>x</summary></details>",
		"<dialog open style=position:fixed>x</dialog>", "<object type=text/html data=\"data:text/html,<script>parent.RUN</script>\"></object>", "<embed type=image/svg+xml src=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='RUN'/>\">", "<iframe srcdoc=\"<script>parent.RUN</script>\"></iframe>", "<iframe srcdoc='&lt;script&gt;parent.RUN&lt;/script&gt;'></iframe>",
		"<iframe sandbox=allow-scripts srcdoc=\"<script>parent.RUN</script>\"></iframe>", "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\">", "<meta name=referrer content=unsafe-url>", "<meta http-equiv=default-style content=x>", "<script>document.write('<img src=http://HOST/w>')</script>",
		"<script type=importmap>{\"imports\":{\"x\":\"http://HOST/i\"}}</script>", "<script type=speculationrules>{\"prefetch\":[{\"source\":\"list\",\"urls\":[\"http://HOST/s\"]}]}</script>", "<param name=url value=http://HOST/p>", "<bdo dir=rtl onclick=RUN>x</bdo>", "<marquee behavior=alternate onbounce=RUN>x</marquee>", "<blink onclick=RUN>x</blink>",
	}
}
