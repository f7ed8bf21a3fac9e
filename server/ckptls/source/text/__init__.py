"""Python source as text: lines and offsets, string literals, repair of open strings."""
