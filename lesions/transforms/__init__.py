"""Transforms of pixel tensors on the device: preprocessing, augmentation, mixing."""
