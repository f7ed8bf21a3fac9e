"""The rules: one file each; a rule is known by being a subclass of `Rule` in this package."""
