#!/usr/bin/env bash
# Every check besides the tests: format and lint, types, unused code, package boundaries, package contents, README examples,
# and an installation of the packed packages into clean projects.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"
step() { printf '\n-- %s\n' "$*"; }

step build
npm run build --silent
step 'types of tests'
tsc -p tsconfig.tests.json
step biome
biome check .
step boundaries
turbo boundaries
step knip
knip
step packages
node tools/check-packages.mjs
step examples
node tools/run-examples.mjs
step tarballs
node tools/check-tarballs.mjs
