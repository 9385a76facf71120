#!/bin/sh
# Render watermark.png and bumper.png from their SVGs with Chromium, which the project already uses.
cd "$(dirname "$0")" || exit 1
draw() {
    chromium --headless --no-sandbox --hide-scrollbars --default-background-color=00000000 \
        --window-size="$2" --screenshot="$1.png" "$1.svg"
}
draw watermark 258,55 && draw bumper 1280,720
