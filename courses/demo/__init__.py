"""The demonstration course, whole: data generators, exercises, lesson texts and the loader of pages.

Everything here is made up. Texts are CC BY 4.0, generated data CC0 1.0 and marked SYNTHETIC; no body, person or
figure is real. Province names are geography and therefore real.
"""
