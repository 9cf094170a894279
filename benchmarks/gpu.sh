#!/usr/bin/env bash
# Runs all benchmarks that need a GPU, in at most eight minutes, and prints one table.
# Needs this repository and a Python with torch, torchvision, numpy, pydantic, ruamel.yaml and safetensors. On a machine
# without CUDA it runs at a small size.
set -euo pipefail
cd "$(dirname "$0")/.."
exec env PYTHONUNBUFFERED=1 PYTHONPATH=. "${PYTHON:-python3}" benchmarks/measure_gpu.py "$@"
