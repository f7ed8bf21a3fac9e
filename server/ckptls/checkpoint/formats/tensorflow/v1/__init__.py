"""The format V1: tables that hold the tensors themselves."""
