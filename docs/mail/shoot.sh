#!/usr/bin/env bash
# Makes the pictures of the default mail anew: docs/mail/shoot.sh
# Needs go, Chromium (CHROMIUM names it), ImageMagick's convert, and fonts for
# Arabic and Japanese (fonts-noto-core, fonts-noto-cjk, fonts-noto-color-emoji).
set -euo pipefail
cd "$(dirname "$0")"
chromium=${CHROMIUM:-chromium}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

(cd ../.. && go test ./outbound/compose -run '^TestShow$' -count=1 -show "$work" >/dev/null)

browse() { # width height scale scheme args…
	local width=$1 height=$2 scale=$3 scheme=$4
	shift 4
	timeout 60 "$chromium" --headless --no-sandbox --disable-gpu --hide-scrollbars --disable-background-networking \
		--disable-component-update --disable-sync --no-first-run --user-data-dir="$work/profile" --allow-file-access-from-files \
		--virtual-time-budget=3000 --force-device-scale-factor="$scale" --window-size="$width,$height" \
		--blink-settings="preferredColorScheme=$scheme" "$@" 2>/dev/null
}

# The mail stands in a frame, since a window has a least width and a phone has not.
shoot() { # mail width scale light|dark [noimages]
	local mail=$1 width=$2 scale=$3 scheme=1 images=img name="$1-$2-$4${5:+-$5}" height
	[ "$4" = dark ] && scheme=0
	[ "${5:-}" = noimages ] && images=missing
	sed "s#https://market.example.com/img/#file://$PWD/$images/#g" "$work/$mail.html" >"$work/$name.html"
	cat >"$work/frame.html" <<-HTML
		<!DOCTYPE html><meta charset="utf-8"><style>body{margin:0}iframe{border:0;display:block}</style>
		<iframe id="f" src="$name.html" width="$width" height="100"></iframe>
		<script>f.onload = () => { f.height = f.contentDocument.documentElement.scrollHeight; document.body.dataset.height = f.height }</script>
	HTML
	height=$(browse 1200 2000 1 "$scheme" --dump-dom "file://$work/frame.html" | sed -n 's/.*data-height="\([0-9]*\)".*/\1/p')
	browse "$((width < 600 ? 600 : width))" "$((height + 100))" "$scale" "$scheme" --screenshot="$work/$name.png" "file://$work/frame.html"
	convert "$work/$name.png" -crop "$((width * scale))x$((height * scale))+0+0" +repage -strip +dither -colors 96 \
		-define png:compression-level=9 "PNG8:$name.png"
	echo "$name.png"
}

rm -f ./*.png
shoot conversation 390 2 light
shoot conversation 390 2 dark
shoot conversation 720 1 light
shoot conversation 720 1 dark
shoot rich 720 1 light
shoot rich 390 2 dark
shoot rich 390 1 light noimages
shoot arabic 390 2 light
shoot arabic 720 1 dark
shoot japanese 390 1 light
shoot readonly 320 2 light
shoot busy 390 1 light
shoot busy 720 1 dark
shoot hebrew 320 1 dark
