#!/usr/bin/env bash
# All that needs a GPU, measured in one go of at most eight minutes: prints one table.
# Needs this tree, and a Python with torch, torchvision, numpy, pydantic, ruamel.yaml and safetensors; on a machine
# without CUDA it runs at a small size.
set -euo pipefail
cd "$(dirname "$0")/.."
exec env PYTHONUNBUFFERED=1 PYTHONPATH=. "${PYTHON:-python3}" benchmarks/measure_gpu.py "$@"
