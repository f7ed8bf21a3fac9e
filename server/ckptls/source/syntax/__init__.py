"""From text to statements: the tree of tree-sitter, and the statements that are made from it."""
