"""The notebook in the browser: one Jupyter Server for all learners, which keeps nothing and knows nobody by name.

server      what it is made of, and what it answers at all
identity    whose request it is: tokens that the site makes and the site alone can read
site        the way to the site
documents   where notebooks are kept: not here
kernels     who has one, how many there may be, and who waits
pages       the frame's page, its settings and language, and what the page asks
"""
