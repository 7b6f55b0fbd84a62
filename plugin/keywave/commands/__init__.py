"""One module a command, thin: arguments in, a call, an exit code out. Each is imported only when its command runs."""
