#!/usr/bin/env bash
# devassist as a job of any CI: works through a plan, checks the branches for conflicts, and leaves everything in a directory.
#   job.sh PLAN [ARTIFACTS]
# Ends with the exit code of the run (README, "Commands"): 0 only when everything asked for was delivered.
set -uo pipefail

plan=${1:?usage: job.sh PLAN [ARTIFACTS]}
artifacts=${2:-devassist-artifacts}
mkdir -p "$artifacts"

if [ "$(git rev-parse --is-shallow-repository)" = true ]; then
  echo "the clone is shallow; fetch the whole history (fetch-depth: 0, GIT_DEPTH=0, git fetch --unshallow)" >&2
  exit 6
fi

devassist run --plan "$plan" --artifacts "$artifacts" --format json > "$artifacts/answer.json"
code=$?
case $code in
  0) echo "everything was delivered" ;;
  1) echo "not everything was delivered: see $artifacts/report.md" ;;
  3) echo "the run waits for a person: see $artifacts/run.json" ;;
  4) echo "a limit was reached; what was done is kept" ;;
  *) echo "devassist ended with exit code $code" ;;
esac

if [ "$code" -le 4 ]; then
  devassist conflicts --fail-on never --format sarif > "$artifacts/branches.sarif"
  devassist audit verify > "$artifacts/verify.txt" || code=7
fi
exit "$code"
