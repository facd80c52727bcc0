#!/usr/bin/env bash
# Makes a fresh Debian or Ubuntu ready: installs what is missing and builds the speech engine once, outside this tree.
#
#   deploy/setup.sh [--tests] [--quiet]      --tests also fetches Chromium and axe-core, for the tests that open the page
#
# PIPELINE_WHISPER_FLAGS goes to the engine's build, such as -DGGML_CUDA=ON for a GPU (what that needs must be there).
# PIPELINE_CACHE says where the built engine and models lie (default: $XDG_CACHE_HOME/pipeline, else ~/.cache/pipeline).
set -euo pipefail
export LC_ALL=C

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
native="$root/src/Transcribe/Whisper/Native"
cache="${PIPELINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pipeline}"
package=nodejs-whisper@0.3.1        # carries the sources of whisper.cpp 1.9.1; its hash is kept beside the shim
tarball=nodejs-whisper-0.3.1.tgz
axe_core=axe-core@4.14.1            # its hash is kept beside the tests that use it
axe="$cache/${axe_core/@/-}/axe.min.js"

tests="${PIPELINE_SETUP_TESTS:-}"
quiet=
for argument in "$@"; do
    case "$argument" in
        --tests) tests=1 ;;
        --quiet) quiet=1 ;;
        *) echo "setup: unknown argument '$argument' (--tests, --quiet)" >&2; exit 2 ;;
    esac
done

say() { [ -n "$quiet" ] || echo "setup: $*"; }
fail() { echo "setup: $*" >&2; exit 1; }
have() { command -v "$1" > /dev/null 2>&1; }
have_library() {
    local folder
    for folder in /lib /usr/lib /lib/*-linux-gnu /usr/lib/*-linux-gnu /usr/local/lib /lib64 /usr/lib64; do
        [ -e "$folder/$1" ] && return 0
    done
    return 1
}

# What is missing, as packages. A program or library that is there already counts, wherever it came from.
missing_packages() {
    have ffmpeg && have ffprobe || echo ffmpeg
    [ -n "$(find /usr/share/fonts /usr/local/share/fonts -name '*.[to]tf' 2>/dev/null | head -n 1)" ] || echo fonts-dejavu-core
    have_library libopus.so.0 || echo libopus0
    have_library libsrtp2.so.1 || echo libsrtp2-1
    have_library libspandsp.so.2 || echo libspandsp2
    have_library libsqlite3.so.0 || echo libsqlite3-0
    if [ ! -e "$library" ]; then
        have cmake || echo cmake
        have g++ || echo g++
        have make || have ninja || echo make
        have npm || echo nodejs npm
    fi
    if [ -n "$tests" ]; then
        [ -e "$axe" ] || [ ! -e "$library" ] || have npm || echo nodejs npm
        have janus || echo janus
        have curl || echo curl
        have gst-launch-1.0 || echo gstreamer1.0-tools
        gst-inspect-1.0 opusenc > /dev/null 2>&1 || echo gstreamer1.0-plugins-base
        gst-inspect-1.0 rtpvp8pay > /dev/null 2>&1 || echo gstreamer1.0-plugins-good
        gst-inspect-1.0 webrtcbin > /dev/null 2>&1 || echo gstreamer1.0-plugins-bad
        gst-inspect-1.0 nicesink > /dev/null 2>&1 || echo gstreamer1.0-nice
        /usr/bin/python3 -c 'import gi; gi.require_version("GstWebRTC", "1.0")' > /dev/null 2>&1 || echo python3-gst-1.0 gir1.2-gst-plugins-bad-1.0
        /usr/bin/python3 -c 'import aiortc' > /dev/null 2>&1 || echo python3-aiortc
        have chromium || have chromium-browser || have google-chrome || have headless_shell || echo chromium
    fi
}

install_packages() {
    local line="sudo apt-get install -y $*"
    have apt-get || fail "this needs, by whatever package manager there is: $*"
    [ "$(id -u)" = 0 ] || fail "some packages are missing and this is not root. Run: $line"
    say "installing $*"
    local log
    log="$(mktemp)"
    # A package list that is there may be fresh enough; only when it is not is a new one fetched.
    if ! DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" > "$log" 2>&1; then
        apt-get update >> "$log" 2>&1 || true
        if ! DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >> "$log" 2>&1; then
            tail -n 5 "$log" >&2
            rm -f "$log"
            fail "apt-get failed. When the network is back, run: $line"
        fi
    fi
    rm -f "$log"
}

# The instruction set is named, never guessed by the compiler: a library built here must not die of SIGILL next door.
instruction_set() {
    case "$(uname -m)" in
        x86_64)
            local flags
            flags=" $(sed -n 's/^flags[^:]*://p;T;q' /proc/cpuinfo) "
            if [[ $flags == *" avx2 "* && $flags == *" fma "* && $flags == *" f16c "* && $flags == *" bmi2 "* ]]; then
                echo "-DGGML_SSE42=ON -DGGML_AVX=ON -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DGGML_BMI2=ON"
            else
                echo "-DGGML_SSE42=OFF -DGGML_AVX=OFF -DGGML_AVX2=OFF -DGGML_FMA=OFF -DGGML_F16C=OFF -DGGML_BMI2=OFF"
            fi ;;
        *) echo "" ;;
    esac
}

# All of it happens in a folder of its own beside the goal and is renamed when it is whole: a run that is cut off, or a
# second one at the same time, leaves nothing half made.
build_engine() {
    local begun=$SECONDS
    mkdir -p "$cache"
    find "$cache" -maxdepth 1 -name '.build-*' -mmin +120 -exec rm -rf {} +      # of runs that were killed
    work="$(mktemp -d "$cache/.build-XXXXXX")"
    trap 'rm -rf "$work"' EXIT

    say "fetching $package"
    (cd "$work" && npm pack --silent "$package" > npm.log 2>&1) \
        || { tail -n 5 "$work/npm.log" >&2; fail "npm could not fetch $package: is there a network?"; }
    (cd "$work" && sha512sum --check --status "$native/$tarball.sha512") \
        || fail "$tarball is not the file this was written for (SHA-512 differs); nothing was built"
    tar -xzf "$work/$tarball" -C "$work" package/cpp/whisper.cpp

    say "building the speech engine in $cache (some minutes, once)"
    # shellcheck disable=SC2086  # the flags are words
    cmake -S "$native" -B "$work/build" -DCMAKE_BUILD_TYPE=Release \
        -DWHISPER_SOURCE="$work/package/cpp/whisper.cpp" $flags > "$work/cmake.log" 2>&1 \
        || { tail -n 20 "$work/cmake.log" >&2; fail "cmake could not set up the build"; }
    if [ -n "$quiet" ]; then
        cmake --build "$work/build" --parallel 2 --target pipeline_whisper > "$work/build.log" 2>&1 \
            || { tail -n 20 "$work/build.log" >&2; fail "the speech engine did not build"; }
    else
        cmake --build "$work/build" --parallel 2 --target pipeline_whisper 2>&1 | tee "$work/build.log" | grep --line-buffered -E '^\[' \
            || { tail -n 20 "$work/build.log" >&2; fail "the speech engine did not build"; }
    fi

    local built
    built="$(find "$work/build" -name libpipeline_whisper.so | head -n 1)"
    mkdir "$work/whole"
    strip --strip-unneeded -o "$work/whole/libpipeline_whisper.so" "$built"
    cp "$work/package/cpp/whisper.cpp/LICENSE" "$work/whole/LICENSE.whisper.cpp"
    mv -T "$work/whole" "${library%/*}" 2> /dev/null || [ -e "$library" ] || fail "could not write ${library%/*}"
    rm -rf "$work"
    say "built in $((SECONDS - begun)) s"
}

# Finds what readers with a disability would stumble over; only tests use it.
fetch_axe() {
    local tarball="${axe_core/@/-}.tgz"
    mkdir -p "$cache"
    work="$(mktemp -d "$cache/.build-XXXXXX")"
    trap 'rm -rf "$work"' EXIT
    say "fetching $axe_core"
    (cd "$work" && npm pack --silent "$axe_core" > npm.log 2>&1) \
        || { tail -n 5 "$work/npm.log" >&2; fail "npm could not fetch $axe_core: is there a network?"; }
    (cd "$work" && sha512sum --check --status "$root/tests/Page.Tests/$tarball.sha512") \
        || fail "$tarball is not the file this was written for (SHA-512 differs)"
    mkdir "$work/whole"
    tar -xzf "$work/$tarball" -C "$work/whole" --strip-components=1 package/axe.min.js package/LICENSE
    mv -T "$work/whole" "${axe%/*}" 2> /dev/null || [ -e "$axe" ] || fail "could not write ${axe%/*}"
}

have dotnet || fail "the .NET 10 SDK is missing: see https://dot.net, then run this again"

flags="$(instruction_set)${PIPELINE_WHISPER_FLAGS:+ $PIPELINE_WHISPER_FLAGS}"
identity="$(cat "$native/pipeline_whisper.h" "$native/pipeline_whisper.cpp" "$native/CMakeLists.txt" "$native/$tarball.sha512" - <<< "$(uname -m) $flags" | sha256sum)"
library="$cache/whisper-1.9.1-${identity:0:12}/libpipeline_whisper.so"

mapfile -t packages < <(missing_packages | tr ' ' '\n')
[ ${#packages[@]} = 0 ] || install_packages "${packages[@]}"
[ -e "$library" ] || build_engine
[ -z "$tests" ] || [ -e "$axe" ] || fetch_axe

# The server looks for this one name, with the layout of the structs it speaks, so that one of another version finds its own. The link is relative, so the whole folder may be moved or mounted elsewhere, and it is
# replaced by a rename, so it is never missing in between.
layout="$(sed -n 's/^#define PIPELINE_WHISPER_LAYOUT //p' "$native/pipeline_whisper.h")"
link="$cache/libpipeline_whisper.$layout.so"
goal="${library#"$cache/"}"
if [ "$(readlink "$link" 2> /dev/null)" != "$goal" ]; then
    ln -sfn "$goal" "$link.$$" && mv -Tf "$link.$$" "$link"
fi
say "ready: $library"
