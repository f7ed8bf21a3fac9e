"""What the parts of `program` share: values, arguments, the table of library functions, the run."""
