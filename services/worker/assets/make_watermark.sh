#!/bin/sh
# Makes watermark.png from watermark.svg with Chromium, the one renderer the project already uses.
cd "$(dirname "$0")" || exit 1
exec chromium --headless --no-sandbox --hide-scrollbars --default-background-color=00000000 \
    --window-size=258,55 --screenshot=watermark.png watermark.svg
