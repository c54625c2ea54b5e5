# Parses the mail on stdin with the standard library's strict policy and prints
# what it found; any defect is an error.
import email, email.policy, json, sys

raw = sys.stdin.buffer.read()
# Postfix hands mail on with CRLF; the strict policy wants what it would write itself.
m = email.message_from_bytes(raw, policy=email.policy.strict.clone(linesep="\r\n"))
defects = []
for part in m.walk():
    defects += [repr(d) for d in part.defects]
    for name, value in part.items():
        defects += [name + ": " + repr(d) for d in getattr(value, "defects", ())]
json.dump({
    "defects": defects,
    "headers": [[k.lower(), str(v)] for k, v in m.items()],
    "parts": [p.get_content_type() for p in m.walk()],
    "text": m.get_body(("plain",)).get_content(),
    "html": m.get_body(("html",)).get_content(),
    "ascii": all(b < 128 for b in raw),
    "longest": max(len(l) for l in raw.split(b"\r\n")),
}, sys.stdout)
