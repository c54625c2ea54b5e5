package delivery

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/outbound/route"
)

// Pieces of scripts.
const (
	hello  = "S: 220 mx.peer.example ESMTP\nC: EHLO gate.example\nS: 250 mx.peer.example\n"
	mailC  = "C: MAIL FROM:<b0secretsecretsecret@gate.example>\n"
	rcptC  = "C: RCPT TO:<ann@example.com>\n"
	toRcpt = hello + mailC + "S: 250 2.1.0 ok\n"
	toData = toRcpt + rcptC + "S: 250 2.1.5 ok\n"
	toBody = toData + "C: DATA\nS: 354 go on\n"
	toDot  = toBody + "D:\n"
	done   = toDot + "S: 250 2.0.0 queued as 4711\n"

	tlsOffer = "S: 220 mx.peer.example ESMTP\nC: EHLO gate.example\nS: 250-mx.peer.example\nS: 250-PIPELINING\nS: 250 STARTTLS\n"
	tlsHello = tlsOffer + "C: STARTTLS\nS: 220 2.0.0 go\nTLS:\nC: EHLO gate.example\n"
	rest     = mailC + "S: 250 ok\n" + rcptC + "S: 250 ok\nC: DATA\nS: 354 go\nD:\nS: 250 2.0.0 queued as 4711\n"
	inTLS    = "S: 250 mx.peer.example\n" + rest
)

var (
	secret   = &route.Credentials{Username: "user", Password: "pass"}
	longText = strings.Repeat("x", 10_000)
)

func TestDialogues(t *testing.T) {
	cert, roots := newCertificate(t, host)
	other, _ := newCertificate(t, "other.example")
	null := gateway.Envelope{To: envelope().To}
	unicodeTo := gateway.Envelope{From: envelope().From, To: []gateway.Address{addr("müller@example.com")}}
	two := gateway.Envelope{From: envelope().From, To: []gateway.Address{addr("ann@example.com"), addr("ben@example.com")}}

	for _, c := range []struct {
		name    string
		scripts []string
		hop     route.NextHop
		env     gateway.Envelope
		raw     string
		cert    *tls.Certificate
		want    string        // the status begins so
		took    time.Duration // at least, on the bubble's clock
		unsure  bool          // ambiguous
		tls     string        // the TLS facts contain it
	}{
		{name: "taken", scripts: []string{done}, want: "250 2.0.0 queued as 4711"},
		{name: "taken without enhanced code", scripts: []string{toDot + "S: 250 OK id=1\n"}, want: "250 2.0.0 OK id=1"},
		{name: "taken with an unusual 2yz", scripts: []string{toDot + "S: 252 2.5.0 maybe\n"}, want: "252 2.5.0 maybe"},
		{name: "taken by a peer that knows HELO only", scripts: []string{"S: 220 hi\nC: EHLO gate.example\nS: 502 5.5.1 what\nC: HELO gate.example\nS: 250 hi\n" + rest}, want: "250 2.0.0 queued"},
		{name: "forwarded recipient", scripts: []string{toRcpt + rcptC + "S: 251 2.1.5 will forward\nC: DATA\nS: 354 go\nD:\nS: 250 2.0.0 ok\n"}, want: "250 2.0.0 ok"},
		{name: "answers of many lines", scripts: []string{"S: 220-hi\nS: 220-there\nS: 220 end\nC: EHLO gate.example\nS: 250-a\nS: 250-PIPELINING\nS: 250 HELP\n" + mailC + "S: 250-2.1.0 a\nS: 250 2.1.0 b\n" + rcptC + "S: 250 ok\nC: DATA\nS: 354-go\nS: 354 on\nD:\nS: 250-2.6.0 one\nS: 250 2.6.0 two\n"}, want: "250 2.6.0 one two"},
		{name: "answers with bare LF", scripts: []string{strings.ReplaceAll(done, "S: ", "L: ")}, want: "250 2.0.0 queued"},
		{name: "8BITMIME is offered and not used", scripts: []string{"S: 220 hi\nC: EHLO gate.example\nS: 250-hi\nS: 250-8BITMIME\nS: 250-SIZE 10000\nS: 250 DSN\nC: MAIL FROM:<b0secretsecretsecret@gate.example> SIZE=21 RET=HDRS\nS: 250 ok\nC: RCPT TO:<ann@example.com> NOTIFY=FAILURE\nS: 250 ok\nC: DATA\nS: 354 go\nD:\nS: 250 2.0.0 ok\n"}, want: "250 2.0.0 ok"},
		{name: "null sender asks for no report", env: null, scripts: []string{"S: 220 hi\nC: EHLO gate.example\nS: 250-hi\nS: 250 DSN\nC: MAIL FROM:<>\nS: 250 ok\nC: RCPT TO:<ann@example.com>\nS: 250 ok\nC: DATA\nS: 354 go\nD:\nS: 250 2.0.0 ok\n"}, want: "250 2.0.0 ok"},
		{name: "SMTPUTF8", env: unicodeTo, scripts: []string{"S: 220 hi\nC: EHLO gate.example\nS: 250-hi\nS: 250 SMTPUTF8\nC: MAIL FROM:<b0secretsecretsecret@gate.example> SMTPUTF8\nS: 250 ok\nC: RCPT TO:<müller@example.com>\nS: 250 ok\nC: DATA\nS: 354 go\nD:\nS: 250 2.0.0 ok\n"}, want: "250 2.0.0 ok"},
		{name: "SMTPUTF8 is not offered", env: unicodeTo, scripts: []string{hello}, want: "553 5.6.7 the next hop cannot"},
		{name: "too large by SIZE", scripts: []string{"S: 220 hi\nC: EHLO gate.example\nS: 250-hi\nS: 250 SIZE 20\n"}, want: "552 5.3.4 the mail has 21 octets"},
		{name: "SIZE that is no number", scripts: []string{"S: 220 hi\nC: EHLO gate.example\nS: 250-hi\nS: 250 SIZE x\n" + rest}, want: "250 2.0.0 queued"},
		{name: "two recipients", env: two, scripts: []string{toData + "C: RCPT TO:<ben@example.com>\nS: 250 ok\nC: DATA\nS: 354 go\nD:\nS: 250 2.0.0 ok\n"}, want: "250 2.0.0 ok"},
		{name: "one of two recipients refused", env: two, scripts: []string{toData + "C: RCPT TO:<ben@example.com>\nS: 550 5.1.1 who\nC: RSET\nS: 250 ok\n"}, want: "550 5.1.1 who"},

		{name: "greeting 554", scripts: []string{"S: 554 5.7.1 go away\nH:"}, want: "554 5.7.1 go away"},
		{name: "greeting 521", scripts: []string{"S: 521 takes no mail\nH:"}, want: "521 5.0.0 takes no mail"},
		{name: "greeting 554 of a relay", hop: route.NextHop{Host: host, Port: 25, TLS: route.None, Relay: true}, scripts: []string{"S: 554 5.7.1 blocked\nH:"}, want: "451 4.7.1 the greeting was refused: 554 5.7.1 blocked"},
		{name: "greeting 421", scripts: []string{"S: 421 4.3.2 too busy\nX:"}, want: "421 4.3.2 too busy"},
		{name: "greeting 354", scripts: []string{"S: 354 what\nH:"}, want: "451 4.5.0 the greeting: the answer is not SMTP"},
		{name: "no greeting", scripts: []string{"H:"}, want: "451 4.4.2 the greeting: no answer in time", took: 5 * time.Minute},
		{name: "closed before the greeting", scripts: []string{"X:"}, want: "451 4.4.2 the greeting: the peer closed"},
		{name: "closed in the greeting", scripts: []string{"S~ 220 mx\nX:"}, want: "451 4.4.2 the greeting: the peer closed"},
		{name: "garbage greeting", scripts: []string{"S: HTTP/1.1 400 Bad Request\nX:"}, want: "451 4.5.0 the greeting: the answer is not SMTP"},
		{name: "greeting without end", scripts: []string{"N: 100000 220-still here\nX:"}, want: "451 4.5.0 the greeting: the answer does not end"},
		{name: "greeting with an endless line", scripts: []string{"S~ 220 " + strings.Repeat("y", 100_000) + "\nX:"}, want: "451 4.5.0 the greeting: the answer does not end"},
		{name: "nobody there", want: "451 4.4.1 connecting: connection refused"},
		{name: "EHLO 550", scripts: []string{"S: 220 hi\nC: EHLO gate.example\nS: 550 5.7.1 bad name\nH:"}, want: "550 5.7.1 bad name"},
		{name: "EHLO 550 of a relay", hop: route.NextHop{Host: host, Port: 25, TLS: route.None, Relay: true}, scripts: []string{"S: 220 hi\nC: EHLO gate.example\nS: 550 5.7.1 bad name\nH:"}, want: "451 4.7.1 EHLO was refused: 550"},
		{name: "EHLO 451", scripts: []string{"S: 220 hi\nC: EHLO gate.example\nS: 451 4.3.0 later\nH:"}, want: "451 4.3.0 later"},
		{name: "EHLO hangs", scripts: []string{"S: 220 hi\nC: EHLO gate.example\nH:"}, want: "451 4.4.2 EHLO: no answer in time", took: 5 * time.Minute},
		{name: "codes that differ within an answer", scripts: []string{"S: 220 hi\nC: EHLO gate.example\nS: 250-hi\nS: 550 no\nH:"}, want: "451 4.5.0 EHLO: the answer is not SMTP"},

		{name: "MAIL 550", scripts: []string{hello + mailC + "S: 550 5.1.7 no\n"}, want: "550 5.1.7 no"},
		{name: "MAIL 451", scripts: []string{hello + mailC + "S: 451 4.7.1 greylisted\n"}, want: "451 4.7.1 greylisted"},
		{name: "MAIL 421", scripts: []string{hello + mailC + "S: 421 4.3.2 bye\nX:"}, want: "421 4.3.2 bye"},
		{name: "MAIL 530", scripts: []string{hello + mailC + "S: 530 5.7.0 Authentication required\nH:"}, want: "451 4.7.0 MAIL was refused: 530"},
		{name: "MAIL 354", scripts: []string{hello + mailC + "S: 354 go\nH:"}, want: "451 4.5.0 MAIL: the answer is not SMTP"},
		{name: "MAIL hangs", scripts: []string{hello + mailC + "H:"}, want: "451 4.4.2 MAIL: no answer in time", took: 5 * time.Minute},
		{name: "the secret address is repeated", scripts: []string{hello + mailC + "S: 550 5.1.8 <B0secretsecretsecret@gate.example>: rejected\n"}, want: "550 5.1.8 <[address]@gate.example>: rejected"},
		{name: "RCPT 550", scripts: []string{toRcpt + rcptC + "S: 550 5.1.1 no such user\nC: RSET\nS: 250 ok\n"}, want: "550 5.1.1 no such user"},
		{name: "RCPT 550 without enhanced code", scripts: []string{toRcpt + rcptC + "S: 550 No such user\nC: RSET\nS: 250 ok\n"}, want: "550 5.0.0 No such user"},
		{name: "RCPT 550 and nothing else", scripts: []string{toRcpt + rcptC + "S: 550\nC: RSET\nS: 250 ok\n"}, want: "550 5.0.0 "},
		{name: "RCPT with a code of another class", scripts: []string{toRcpt + rcptC + "S: 550 4.1.1 hm\nC: RSET\nS: 250 ok\n"}, want: "550 5.0.0 4.1.1 hm"},
		{name: "RCPT 450", scripts: []string{toRcpt + rcptC + "S: 450 4.2.1 later\nC: RSET\nS: 250 ok\n"}, want: "450 4.2.1 later"},
		{name: "RCPT 10 kB in one line", scripts: []string{toRcpt + rcptC + "S: 550 5.7.1 " + longText + "\nC: RSET\nS: 250 ok\n"}, want: "550 5.7.1 xxx"},
		{name: "RCPT 10 kB in many lines", scripts: []string{toRcpt + rcptC + strings.Repeat("S: 550-5.7.1 "+strings.Repeat("z", 90)+"\n", 100) + "S: 550 5.7.1 end\nC: RSET\nS: 250 ok\n"}, want: "550 5.7.1 zzz"},
		{name: "RCPT without end", scripts: []string{toRcpt + rcptC + "N: 5000 550-5.7.1 and\nX:"}, want: "451 4.5.0 RCPT: the answer does not end"},
		{name: "RCPT controls and broken UTF-8", scripts: []string{toRcpt + rcptC + "S: 550 5.1.1 a\x1b[31m\tb\xff\nC: RSET\nS: 250 ok\n"}, want: "550 5.1.1 a [31m b?"},
		{name: "RCPT hangs", scripts: []string{toRcpt + rcptC + "H:"}, want: "451 4.4.2 RCPT: no answer in time", took: 5 * time.Minute},
		{name: "RCPT closes", scripts: []string{toRcpt + rcptC + "X:"}, want: "451 4.4.2 RCPT: the peer closed"},
		{name: "two answers to one command", scripts: []string{toRcpt + rcptC + "S: 250 ok\nS: 250 again\nH:"}, want: "451 4.5.0 DATA: the peer spoke out of turn"},
		{name: "RSET refused after a refusal", scripts: []string{toRcpt + rcptC + "S: 550 5.1.1 no\nC: RSET\nS: 500 what\nH:"}, want: "550 5.1.1 no"},
		{name: "DATA 554", scripts: []string{toData + "C: DATA\nS: 554 5.7.1 no\nC: RSET\nS: 250 ok\n"}, want: "554 5.7.1 no"},
		{name: "DATA 250", scripts: []string{toData + "C: DATA\nS: 250 2.0.0 what\nH:"}, want: "451 4.5.0 DATA: the answer is not SMTP"},
		{name: "DATA hangs", scripts: []string{toData + "C: DATA\nH:"}, want: "451 4.4.2 DATA: no answer in time", took: 2 * time.Minute},
		{name: "closed in the mail", raw: "Subject: x\r\n\r\n" + strings.Repeat("0123456789\r\n", 10_000), scripts: []string{toBody + "C: Subject: x\nX:"}, want: "451 4.4.2 sending the mail: "},
		{name: "refused in the mail", raw: "Subject: x\r\n\r\n" + strings.Repeat("0123456789\r\n", 10_000), scripts: []string{toBody + "C: Subject: x\nS: 552 5.2.2 full\nX:"}, want: "552 5.2.2 full", took: 3 * time.Minute},
		{name: "the mail is not read", raw: "Subject: x\r\n\r\n" + strings.Repeat("0123456789\r\n", 10_000), scripts: []string{toBody + "C: Subject: x\nZ:"}, want: "451 4.4.2 sending the mail: no answer in time", took: 3 * time.Minute},

		{name: "dot 550", scripts: []string{toDot + "S: 550 5.7.1 spam\n"}, want: "550 5.7.1 spam"},
		{name: "dot 451", scripts: []string{toDot + "S: 451 4.3.0 later\n"}, want: "451 4.3.0 later"},
		{name: "dot 421", scripts: []string{toDot + "S: 421 4.3.2 bye\nX:"}, want: "421 4.3.2 bye"},
		{name: "dot hangs", scripts: []string{toDot + "H:"}, want: "451 4.4.2 ambiguous: ", took: 10 * time.Minute, unsure: true},
		{name: "dot and closed", scripts: []string{toDot + "X:"}, want: "451 4.4.2 ambiguous: ", unsure: true},
		{name: "dot and half an answer", scripts: []string{toDot + "S~ 25\nX:"}, want: "451 4.4.2 ambiguous: ", unsure: true},
		{name: "dot and garbage", scripts: []string{toDot + "S: +OK\nX:"}, want: "451 4.5.0 ambiguous: ", unsure: true},
		{name: "dot and 354", scripts: []string{toDot + "S: 354 more\nX:"}, want: "451 4.5.0 ambiguous: ", unsure: true},
		{name: "dot and no end", scripts: []string{toDot + "N: 5000 250-and\nX:"}, want: "451 4.5.0 ambiguous: ", unsure: true},

		{name: "STARTTLS", hop: hopWith(route.StartTLS), scripts: []string{tlsHello + inTLS}, want: "250 2.0.0", tls: "TLS 1.3 TLS_AES_128_GCM_SHA256, verified"},
		{name: "implicit TLS", hop: hopWith(route.Implicit), scripts: []string{"TLS:\n" + done}, want: "250 2.0.0", tls: ", verified"},
		{name: "opportunistic TLS", hop: hopWith(route.Opportunistic), scripts: []string{tlsHello + inTLS}, want: "250 2.0.0", tls: ", verified"},
		{name: "opportunistic TLS with another's certificate", hop: hopWith(route.Opportunistic), cert: &other, scripts: []string{tlsHello + inTLS}, want: "250 2.0.0", tls: ", not verified"},
		{name: "opportunistic without offer", hop: hopWith(route.Opportunistic), scripts: []string{done}, want: "250 2.0.0"},
		{name: "opportunistic and refused", hop: hopWith(route.Opportunistic), scripts: []string{tlsOffer + "C: STARTTLS\nS: 454 4.7.0 not now\n" + rest}, want: "250 2.0.0"},
		{name: "opportunistic and the handshake fails", hop: hopWith(route.Opportunistic), scripts: []string{tlsOffer + "C: STARTTLS\nS: 220 go\nX:", done}, want: "250 2.0.0"},
		{name: "TLS is not taken where it is none", scripts: []string{tlsOffer + rest}, want: "250 2.0.0"},
		{name: "STARTTLS stripped", hop: hopWith(route.StartTLS), scripts: []string{"S: 220 hi\nC: EHLO gate.example\nS: 250-hi\nS: 250 XXXXXXXA\nH:"}, want: "451 4.7.10 the next hop does not offer STARTTLS"},
		{name: "STARTTLS refused", hop: hopWith(route.StartTLS), scripts: []string{tlsOffer + "C: STARTTLS\nS: 554 5.7.0 no\nH:"}, want: "451 4.7.10 STARTTLS was refused"},
		{name: "STARTTLS with another's certificate", hop: hopWith(route.StartTLS), cert: &other, scripts: []string{tlsOffer + "C: STARTTLS\nS: 220 go\nTLS:\nH:"}, want: "451 4.7.5 the TLS handshake: "},
		{name: "implicit TLS with plain text", hop: hopWith(route.Implicit), scripts: []string{"S: 220 hi\nH:"}, want: "451 4.7.5 the TLS handshake: "},
		{name: "implicit TLS that hangs", hop: hopWith(route.Implicit), scripts: []string{"H:"}, want: "451 4.7.5 the TLS handshake: no answer in time", took: time.Minute},
		{name: "answers injected before TLS", hop: hopWith(route.StartTLS), scripts: []string{tlsOffer + "C: STARTTLS\nS: 220 go\nS: 250-injected\nS: 250 AUTH PLAIN\nH:"}, want: "451 4.7.0 something spoke between"},
		{name: "answers injected before opportunistic TLS", hop: hopWith(route.Opportunistic), scripts: []string{tlsOffer + "C: STARTTLS\nS: 220 go\nS: 250 injected\nH:"}, want: "451 4.7.0 something spoke between"},

		{name: "AUTH PLAIN", hop: route.NextHop{Host: host, Port: 587, TLS: route.StartTLS, Auth: secret}, scripts: []string{tlsHello + "S: 250-hi\nS: 250 AUTH LOGIN PLAIN\nC: AUTH PLAIN AHVzZXIAcGFzcw==\nS: 235 2.7.0 welcome\n" + rest}, want: "250 2.0.0", tls: ", verified"},
		{name: "AUTH LOGIN", hop: route.NextHop{Host: host, Port: 587, TLS: route.StartTLS, Auth: secret}, scripts: []string{tlsHello + "S: 250-hi\nS: 250 AUTH LOGIN CRAM-MD5\nC: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: dXNlcg==\nS: 334 UGFzc3dvcmQ6\nC: cGFzcw==\nS: 235 2.7.0 welcome\n" + rest}, want: "250 2.0.0", tls: ", verified"},
		{name: "AUTH refused", hop: route.NextHop{Host: host, Port: 587, TLS: route.StartTLS, Auth: secret}, scripts: []string{tlsHello + "S: 250-hi\nS: 250 AUTH PLAIN\nC: AUTH PLAIN\nS: 535 5.7.8 wrong\nC: *\nS: 500 what\nH:"}, want: "451 4.7.8 AUTH was refused: 535 5.7.8 wrong"},
		{name: "AUTH not now", hop: route.NextHop{Host: host, Port: 587, TLS: route.StartTLS, Auth: secret}, scripts: []string{tlsHello + "S: 250-hi\nS: 250 AUTH PLAIN\nC: AUTH PLAIN\nS: 454 4.7.0 busy\nC: *\nS: 500 what\nH:"}, want: "454 4.7.0 busy"},
		{name: "AUTH asks without end", hop: route.NextHop{Host: host, Port: 587, TLS: route.StartTLS, Auth: secret}, scripts: []string{tlsHello + "S: 250-hi\nS: 250 AUTH LOGIN\nC: AUTH LOGIN\nS: 334 QQ==\nC: dXNlcg==\nS: 334 QQ==\nC: cGFzcw==\nS: 334 QQ==\nC: *\nS: 501 ok\nH:"}, want: "451 4.4.2 AUTH: AUTH LOGIN: a third question"},
		{name: "AUTH is not offered", hop: route.NextHop{Host: host, Port: 587, TLS: route.StartTLS, Auth: secret}, scripts: []string{tlsHello + "S: 250 hi\nH:"}, want: "451 4.7.0 the next hop offers neither"},
		{name: "AUTH is offered before TLS only", hop: route.NextHop{Host: host, Port: 587, TLS: route.StartTLS, Auth: secret}, scripts: []string{"S: 220 hi\nC: EHLO gate.example\nS: 250-hi\nS: 250-AUTH PLAIN\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\nTLS:\nC: EHLO gate.example\nS: 250 hi\nH:"}, want: "451 4.7.0 the next hop offers neither"},
		{name: "AUTH with TLS stripped", hop: route.NextHop{Host: host, Port: 587, TLS: route.StartTLS, Auth: secret}, scripts: []string{"S: 220 hi\nC: EHLO gate.example\nS: 250-hi\nS: 250 AUTH PLAIN LOGIN\nH:"}, want: "451 4.7.10 the next hop does not offer STARTTLS"},
		{name: "AUTH without TLS", hop: route.NextHop{Host: host, Port: 587, TLS: route.None, Auth: secret}, scripts: []string{"S: 220 hi\nC: EHLO gate.example\nS: 250-hi\nS: 250 AUTH PLAIN\nH:"}, want: "451 4.7.0 our password is not shown"},
		{name: "AUTH without TLS to no loopback address", hop: route.NextHop{Host: host, Port: 587, TLS: route.None, Auth: secret, InsecureAuth: true}, scripts: []string{"S: 220 hi\nC: EHLO gate.example\nS: 250-hi\nS: 250 AUTH PLAIN\nH:"}, want: "451 4.7.0 our password is not shown"},
		{name: "AUTH with a certificate that does not verify", hop: route.NextHop{Host: host, Port: 587, TLS: route.Opportunistic, Auth: secret}, cert: &other, scripts: []string{tlsHello + "S: 250-hi\nS: 250 AUTH PLAIN\nH:"}, want: "451 4.7.0 our password is not shown"},

		{name: "mail with 8-bit octets", raw: "Subject: ü\r\n\r\n", want: "554 5.6.0 the mail is not fit"},
		{name: "mail with a bare LF", raw: "Subject: x\r\n\r\na\n.\nb\r\n", want: "554 5.6.0 the mail is not fit"},
		{name: "mail with a bare CR", raw: "Subject: x\r\n\r\na\r.\r\nb\r\n", want: "554 5.6.0 the mail is not fit"},
		{name: "mail with a long line", raw: "Subject: x\r\n\r\n" + strings.Repeat("x", 999) + "\r\n", want: "554 5.6.0 the mail is not fit"},
		{name: "mail without end", raw: "Subject: x\r\n\r\nx", want: "554 5.6.0 the mail is not fit"},
		{name: "no recipient", env: gateway.Envelope{From: envelope().From}, want: "554 5.5.1"},
		{name: "recipient with a parameter", env: gateway.Envelope{To: []gateway.Address{{LocalPart: "a", Domain: "b.example> SIZE=1"}}}, want: "553 5.1.3"},
		{name: "sender with a line", env: gateway.Envelope{From: gateway.ReversePath{Address: gateway.Address{LocalPart: "a\r\nDATA", Domain: "b.example"}}, To: null.To}, want: "553 5.1.7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &peer{t: t, scripts: c.scripts, cert: cert}
				if c.cert != nil {
					p.cert = *c.cert
				}
				if c.hop.Host == "" {
					c.hop = hopWith(route.None)
				}
				if c.env.To == nil && c.env.From.IsNull() {
					c.env = envelope()
				}
				if c.raw == "" {
					c.raw = plainMail
				}
				client := newClient(p, roots)
				a := client.Deliver(t.Context(), c.hop, c.env, []byte(c.raw))
				client.Close()
				p.wg.Wait()
				check(t, a, c.want, c.tls, c.took, c.unsure)
				if p.used != len(p.scripts) {
					t.Errorf("%d of %d scripts were played", p.used, len(p.scripts))
				}
			})
		})
	}
}

func newClient(p *peer, roots *x509.CertPool) *Client {
	return &Client{Hostname: "gate.example", TLSConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, Dial: p.dial}
}

func check(t *testing.T, a gateway.Attempt, want, tlsFacts string, took time.Duration, unsure bool) {
	t.Helper()
	if got := a.Status.String(); !strings.HasPrefix(got, want) {
		t.Errorf("got  %.200s\nwant %s", got, want)
	}
	if len(a.Status.Text) > maxReplyText || strings.ContainsAny(a.Status.Text, "\r\n\x00\x1b") {
		t.Errorf("%d octets of text, or controls in it", len(a.Status.Text))
	}
	if !strings.Contains(a.TLS, tlsFacts) || tlsFacts == "" && a.TLS != "" {
		t.Errorf("TLS is %q, want %q", a.TLS, tlsFacts)
	}
	if got := time.Duration(a.Took) * time.Millisecond; got < took || got > took+time.Minute {
		t.Errorf("took %v, want %v", got, took)
	}
	if Ambiguous(a) != unsure {
		t.Errorf("ambiguous is %v", !unsure)
	}
	if a.Hop == "" || a.At.IsZero() {
		t.Error("the record has no hop or no time")
	}
}

// TestCancelled: whoever waits can end it, at any step.
func TestCancelled(t *testing.T) {
	for name, script := range map[string]string{
		"greeting": "H:", "MAIL": hello + mailC + "H:", "dot": toDot + "H:",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &peer{t: t, scripts: []string{script}}
				client := newClient(p, nil)
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				a := client.Deliver(ctx, hopWith(route.None), envelope(), []byte(plainMail))
				client.Close()
				p.wg.Wait()
				if !a.Status.Temporary() || !strings.Contains(a.Status.Text, "we stopped") || a.Took != 20_000 || Ambiguous(a) != (name == "dot") {
					t.Errorf("got %+v", a)
				}
			})
		})
	}
}

// TestLastCheck: when the answer to the last question is no, the peer must not
// see the end of the mail.
func TestLastCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &peer{t: t, scripts: []string{toBody + "H:", done}}
		client := newClient(p, nil)
		asked := 0
		a := client.DeliverIf(t.Context(), hopWith(route.None), envelope(), []byte(plainMail), func(context.Context) error {
			asked++
			return errors.New("lease lost")
		})
		if a.Status.Code != 451 || asked != 1 || Ambiguous(a) {
			t.Errorf("got %v, asked %d times", a.Status, asked)
		}
		a = client.DeliverIf(t.Context(), hopWith(route.None), envelope(), []byte(plainMail), func(context.Context) error { return nil })
		if !a.Status.Positive() {
			t.Errorf("got %v", a.Status)
		}
		client.Close()
		p.wg.Wait()
		if len(p.mails) != 1 {
			t.Errorf("%d mails were taken", len(p.mails))
		}
	})
}
