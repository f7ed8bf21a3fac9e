"""Files of Keras: weights in HDF5, and `.keras` archives."""
