"""The probes and what each of them sees."""

PROBES = {
    "metadata_probe": "age, sex, site, skin type, source and the size of the image in pixels",
    "border_probe": "the rim of the image",
}
"""Neither sees the lesion: if one does well, the data give the answer away."""
