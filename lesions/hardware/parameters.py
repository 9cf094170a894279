"""What parameters may say of the hardware; needs no torch, which takes a second to load."""

from typing import Literal

DeviceChoice = Literal["auto", "cpu", "cuda", "mps"]
PrecisionChoice = Literal["auto", "float32", "bfloat16"]
Execution = Literal["eager", "graph", "compiled"]
ExecutionChoice = Literal["auto"] | Execution
