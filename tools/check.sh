#!/usr/bin/env bash
# Every check besides the tests: format and lint, types, unused code, package boundaries, package contents, README examples,
# and an installation of the packed packages into clean projects.
set -euo pipefail
cd "$(dirname "$0")/.."
step() { printf '\n-- %s\n' "$*"; }

step build
npm run build --silent
step 'types of tests'
npx tsc -p tsconfig.tests.json
step biome
npx biome check .
step boundaries
npx turbo boundaries
step knip
npx knip
step packages
node tools/check-packages.mjs
step examples
node tools/run-examples.mjs
step tarballs
node tools/check-tarballs.mjs
