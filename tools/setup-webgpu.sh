#!/bin/sh
# Fetches a software WebGPU adapter (SwiftShader, from Debian's chromium) for tests on machines without a graphics
# card, and prints the variables that make onnxruntime-node find it:
#
#   eval "$(sh tools/setup-webgpu.sh)" && npx vitest run packages/runtime-node
#
# Needs apt-get and dpkg-deb, but no root: the package is only unpacked, into VLMKIT_CACHE (~/.cache/vlmkit).
set -eu

cache="${VLMKIT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vlmkit}/swiftshader"
folder="$cache/usr/lib/chromium"

if [ ! -f "$folder/vk_swiftshader_icd.json" ]; then
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || {
    echo "setup-webgpu: this needs a Debian system (apt-get, dpkg-deb)." >&2
    exit 1
  }
  mkdir -p "$cache"
  work="$(mktemp -d)"
  trap 'rm -rf "$work"' EXIT
  (cd "$work" && apt-get download chromium-common >&2) || {
    echo "setup-webgpu: apt-get cannot download chromium-common. Run 'apt-get update' as root and try again." >&2
    exit 1
  }
  dpkg-deb --fsys-tarfile "$work"/chromium-common_*.deb |
    tar -x -C "$cache" ./usr/lib/chromium/libvk_swiftshader.so ./usr/lib/chromium/vk_swiftshader_icd.json \
      ./usr/lib/chromium/libvulkan.so.1
fi

runtime="${XDG_RUNTIME_DIR:-$cache/run}"
mkdir -p "$runtime" && chmod 700 "$runtime"

echo "export VK_ICD_FILENAMES='$folder/vk_swiftshader_icd.json'"
echo "export LD_LIBRARY_PATH='$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}'"
echo "export XDG_RUNTIME_DIR='$runtime'"
