"""Predicting with an exported model: one ONNX file, without torch."""
