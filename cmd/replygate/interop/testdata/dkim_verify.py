# Verifies every DKIM-Signature of the mail on stdin with dkimpy.
# argv[1]: JSON file {"name.": "TXT value"}. Prints one JSON object.
import json, sys
import dkim

records = json.load(open(sys.argv[1]))
raw = sys.stdin.buffer.read()


def txt(name, timeout=5):
    name = name.decode() if isinstance(name, bytes) else name
    value = records.get(name if name.endswith(".") else name + ".")
    return value.encode() if value else None


count = sum(1 for k, _ in dkim.rfc822_parse(raw)[0] if k.lower() == b"dkim-signature")
out = []
for i in range(count):
    d = dkim.DKIM(raw)
    try:
        ok = d.verify(idx=i, dnsfunc=txt)
        out.append({"ok": bool(ok), "d": d.domain.decode(), "s": d.selector.decode(),
                    "a": d.signature_fields.get(b"a", b"").decode(),
                    "h": d.signature_fields.get(b"h", b"").decode().lower()})
    except Exception as e:  # the test prints it
        out.append({"ok": False, "error": repr(e)})
json.dump(out, sys.stdout)
