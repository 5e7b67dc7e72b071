#!/bin/bash
# Makes the Python environment of the recipe in tools/demo-model/.venv. Needs Python 3.11 or later; nothing else of vlmkit needs Python.
# More arguments go to pip, for example an index with a build of torch for your machine.
set -euo pipefail
cd "$(dirname "$0")"
python3 -m venv .venv
.venv/bin/pip install --quiet "$@" -r requirements.txt
.venv/bin/python -c 'import torch, transformers; print("torch", torch.__version__, "transformers", transformers.__version__, "CUDA" if torch.cuda.is_available() else "CPU only")'
