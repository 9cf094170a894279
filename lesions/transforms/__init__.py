"""Pixels as tensors on the device: preprocessing, augmentation, mixing."""
