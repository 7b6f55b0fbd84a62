#!/bin/sh
# Print the Pythons (3.11 and newer) that really run here and can make a virtual environment, one path a line, each minor version once.
# The first line is the one for .venv. Version managers leave shims that refuse to run: what lies behind them is looked for last.

usable() {
    "$1" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

minor() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])'
}

# 3.14 and newer come last: not tested yet, but better than nothing.
candidates="python3.13 python3.12 python3.11 python3 python"

behind_shims() {
    # A manager's `shims` folder on PATH has `versions` beside it.
    for folder in $(printf '%s' "${PATH:-}" | tr ':' ' '); do
        case $folder in
            */shims) ls -d "${folder%/shims}"/versions/3.1[1-9]*/bin/python3 2>/dev/null ;;
        esac
    done
}

seen=" "
for candidate in $candidates $(behind_shims) /usr/bin/python3 /usr/local/bin/python3; do
    path=$(command -v "$candidate" 2>/dev/null) || continue
    usable "$path" || continue
    version=$(minor "$path")
    case $seen in
        *" $version "*) continue ;;
    esac
    seen="$seen$version "
    echo "$path"
done
