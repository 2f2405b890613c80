"""Personal data: what is held and why, what people agreed to, what they take out, how it is erased."""
