"""The command line: `main` reads the arguments and starts one of `commands`."""
