"""Jupyter notebooks: cells joined to one text, and IPython magics."""
