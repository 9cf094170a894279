"""The values that parameters of the hardware may have; importing them does not load torch, which takes a second."""

from typing import Literal

DeviceChoice = Literal["auto", "cpu", "cuda", "mps"]
PrecisionChoice = Literal["auto", "float32", "bfloat16"]
Execution = Literal["eager", "graph", "compiled"]
ExecutionChoice = Literal["auto"] | Execution
Numerics = Literal["native", "portable"]
