# Signs the mail on stdin with dkimpy: argv = domain, selector, key file (PEM).
# With a fourth argument stdin holds many mails, each ended by that separator.
import sys
import dkim

domain, selector, key = sys.argv[1], sys.argv[2], open(sys.argv[3], "rb").read()
sep = sys.argv[4].encode() if len(sys.argv) > 4 else None


def sign(raw):
    raw = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return dkim.sign(raw, selector.encode(), domain.encode(), key,
                     canonicalize=(b"relaxed", b"relaxed"),
                     include_headers=[b"from", b"to", b"subject", b"date", b"message-id", b"in-reply-to", b"references"]) + raw


data = sys.stdin.buffer.read()
if sep is None:
    sys.stdout.buffer.write(sign(data))
else:
    for mail in data.split(sep)[:-1]:
        sys.stdout.buffer.write(sign(mail) + sep)
