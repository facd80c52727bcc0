#!/usr/bin/env bash
# Formats, builds and runs every test, and ends with the line "N passed, N failed". Meetings that are played in real time come last
# and alone, so that nothing else takes their time.
set -uo pipefail
cd "$(dirname "$0")/.."
configuration="${1:-Release}"
log="$(mktemp)"
trap 'rm -f "$log"' EXIT

dotnet restore Pipeline.sln -v q || exit 1
echo "tests: checking the style"
dotnet format Pipeline.sln --no-restore --verify-no-changes || { echo "tests: the style differs; make format puts it right"; exit 1; }
echo "tests: compiling"
dotnet build Pipeline.sln -c "$configuration" --no-restore -v q --nologo || exit 1

run() { dotnet test "tests/$1" -c "$configuration" --no-build --nologo --logger "console;verbosity=minimal" 2>&1 | tee -a "$log"; }
status=0
for project in Ingest.Tests Transcribe.Tests Actors.Tests Api.Tests Page.Tests EndToEnd.Tests; do
    echo "tests: $project"
    run "$project" || status=1
done

count() { sed -nE "s/.*- Failed: +([0-9]+), Passed: +([0-9]+),.*/\\$1/p" "$log" | awk '{ n += $1 } END { print n + 0 }'; }
failed="$(count 1)" passed="$(count 2)"
[ "$status" = 0 ] || [ "$failed" != 0 ] || failed=1      # a run that died counts no test of its own
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
