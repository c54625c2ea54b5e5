package message

import (
	"encoding/base64"
	"strings"
	"testing"
)

func BenchmarkParse(b *testing.B) {
	for name, raw := range map[string][]byte{
		"alternative10kB": alternative(5000),
		"attachment5MB":   attachment(5 << 20),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkScan(b *testing.B) {
	raw := alternative(5000)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Scan(raw, DefaultLimits()); err != nil {
			b.Fatal(err)
		}
	}
}

// alternative is a reply as Gmail writes it, with n octets in each form.
func alternative(n int) []byte {
	var b strings.Builder
	b.WriteString(headers + "Content-Type: multipart/alternative; boundary=\"0000000000001\"\r\n\r\n")
	b.WriteString("--0000000000001\r\nContent-Type: text/plain; charset=\"UTF-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	b.WriteString(fill("The quick brown fox =E2=80=93 jumps over the lazy dog, and again and aga=\r\nin.\r\n", n))
	b.WriteString("\r\n--0000000000001\r\nContent-Type: text/html; charset=\"UTF-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	b.WriteString(fill("<div dir=3D\"ltr\">The quick brown fox =E2=80=93 jumps over the lazy dog</=\r\ndiv>\r\n", n))
	b.WriteString("\r\n--0000000000001--\r\n")
	return []byte(b.String())
}

func attachment(n int) []byte {
	var b strings.Builder
	b.WriteString(headers + "Content-Type: multipart/mixed; boundary=\"m\"\r\n\r\n--m\r\n\r\nsee file\r\n")
	b.WriteString("--m\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	data := base64.StdEncoding.EncodeToString(make([]byte, n*3/4))
	for len(data) > 76 {
		b.WriteString(data[:76] + "\r\n")
		data = data[76:]
	}
	b.WriteString(data + "\r\n--m--\r\n")
	return []byte(b.String())
}

// headers are those a reply carries when it has passed two servers.
const headers = "Return-Path: <ann@example.com>\r\n" +
	"Received: from mail-yb1-f170.google.example (mail-yb1-f170.google.example [192.0.2.1])\r\n\tby mx.example.net with ESMTPS id a1b2c3\r\n\tfor <r-x@reply.example.net>; Mon, 16 Nov 2026 10:12:13 +0000\r\n" +
	"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n        d=example.com; s=20230601; t=1700000000; x=1700600000; darn=reply.example.net;\r\n        h=to:subject:message-id:date:from:in-reply-to:references:mime-version\r\n         :from:to:cc:subject:date:message-id:reply-to;\r\n        bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=;\r\n        b=AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOpQrStUvWxYz01234567\r\n         AbCdEfGhIjKlMnOpQrStUvWxYz0123456789==\r\n" +
	"X-Google-DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n        d=1e100.example; s=20230601; t=1700000000; x=1700600000;\r\n        h=to:subject:message-id:date:from:in-reply-to:references:mime-version\r\n         :x-gm-message-state:from:to:cc:subject:date:message-id:reply-to;\r\n        bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=; b=abc\r\n" +
	"X-Gm-Message-State: AOJu0YzAbCdEfGh\r\nX-Received: by 2002:a25:ab4d:0:b0:d9a with SMTP id x-1700000000; Mon, 16 Nov 2026 02:12:13 -0800 (PST)\r\n" +
	"MIME-Version: 1.0\r\nReferences: <root@reply.example.net> <ntf.1@reply.example.net>\r\nIn-Reply-To: <ntf.1@reply.example.net>\r\n" +
	"From: =?UTF-8?Q?Ann_M=C3=BCller?= <ann@example.com>\r\nDate: Mon, 16 Nov 2026 10:12:02 +0000\r\nMessage-ID: <CAabc@mail.gmail.example>\r\n" +
	"Subject: Re: Flat in Lisbon\r\nTo: App <r-x@reply.example.net>\r\n"
