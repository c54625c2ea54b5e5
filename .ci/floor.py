"""Fails when the extraction score is below the figures reached (percent, F1)."""
import json
import sys

FLOOR = {"exact": 94.8, "f1": 0.976, "asserts": 0.96}

r = json.load(open(sys.argv[1]))
_, n, exact, f1 = r["uniq"]
passed, total = (sum(v[i] for v in r["asserts"].values()) for i in (1, 0))
got = {"exact": 100 * exact, "f1": f1, "asserts": passed / total}
print(f"total-uniq of {n}: exact {got['exact']:.1f} %, F1 {f1:.3f}; partial asserts {passed}/{total}")
low = [f"{k} {got[k]:.3f} is below {FLOOR[k]}" for k in FLOOR if got[k] < FLOOR[k]]
sys.exit("; ".join(low) if low else 0)
