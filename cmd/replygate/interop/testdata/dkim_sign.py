# Signs the mail on stdin with dkimpy: argv = domain, selector, key file (PEM).
import sys
import dkim

raw = sys.stdin.buffer.read().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
domain, selector, key = sys.argv[1], sys.argv[2], open(sys.argv[3], "rb").read()
sig = dkim.sign(raw, selector.encode(), domain.encode(), key,
                canonicalize=(b"relaxed", b"relaxed"),
                include_headers=[b"from", b"to", b"subject", b"date", b"message-id", b"in-reply-to", b"references"])
sys.stdout.buffer.write(sig + raw)
