#!/usr/bin/env bash
# Compares the extractor with npm's email-reply-parser over the same texts, in
# turns, each on the same single core; the best round counts. The rates that are compared are per
# second of processor time, so that other work on the machine does not count.
# Fails below five times the peer's rate; with REPLYGATE_LONG, on a machine that
# does nothing else, below ten times and below 60,000 a second.
#   compare.sh [rounds] [seconds of a round]
#   REPLYGATE_SHARED  the directory that holds corpus/
set -euo pipefail
cd "$(dirname "$0")"
corpus="${REPLYGATE_SHARED:-$(cd ../../../.. && pwd)/shared}/corpus"
rounds=${1:-3} seconds=${2:-3}
[ -d "$corpus" ] || { echo "the corpus is not at $corpus"; exit 1; }
work=$(mktemp -d "${TMPDIR:-/tmp}/replygate-compare-XXXXXX")
trap 'rm -rf "$work"' EXIT

fetch() { (cd "$work" && npm install --silent --no-audit --no-fund email-reply-parser@2.3.9 >npm.log 2>&1); }
fetch || fetch || { cat "$work/npm.log"; exit 1; }
(cd .. && go test -c -o "$work/extract.test" .)
core=$(taskset -cp $$ | sed 's/.*[ ,-]//')

for _ in $(seq "$rounds"); do
	(cd .. && REPLYGATE_SHARED="${corpus%/corpus}" GOMAXPROCS=1 taskset -c "$core" "$work/extract.test" -test.run '^$' -test.bench '^BenchmarkText$' -test.benchtime "${seconds}s") |
		awk '/^BenchmarkText/ { for (i = 2; i <= NF; i++) rate[$i] = $(i - 1); print rate["msgs/s"], rate["msgs/cpu-s"] }' >>"$work/ours"
	taskset -c "$core" node peer.mjs "$corpus" "$work" "$seconds" >>"$work/theirs"
done

best() { awk -v column="$2" '$column > most { most = $column } END { printf "%.0f", most }' "$1"; }
ours=$(best "$work/ours" 2) theirs=$(best "$work/theirs" 2)
printf '%-28s %9s messages/s, %9s per second of processor time\n' \
	"replygate" "$(best "$work/ours" 1)" "$ours" "email-reply-parser 2.3.9" "$(best "$work/theirs" 1)" "$theirs"
awk -v a="$ours" -v b="$theirs" -v long="${REPLYGATE_LONG:-}" 'BEGIN { printf "ratio %.1f\n", a / b; exit !(a >= 5 * b && (long == "" || a >= 10 * b && a >= 60000)) }' || { echo "too slow"; exit 1; }
