"""The program that runs the author's checks, inside the examiner's sandbox, in the kernel's Python."""
