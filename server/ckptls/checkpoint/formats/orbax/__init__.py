"""Checkpoints of Orbax: OCDBT, Zarr and aggregated files."""
