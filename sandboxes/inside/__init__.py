"""Programs that run inside sandboxes, in the kernel's Python: the standard library and what a notebook finds there."""
