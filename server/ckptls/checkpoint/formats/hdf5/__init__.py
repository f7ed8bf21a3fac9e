"""HDF5 files, read by h5py in a process of its own."""
