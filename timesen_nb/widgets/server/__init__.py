"""The served map: one page, one kernel.

app.py puts Voila's parts together, gate.py says who is let in, kernels.py keeps the kernels, pages.py answers the
browser, outward.py lets kernels reach public addresses only, memory.py says how many kernels fit. inside.py is what
the notebook of the page runs in its kernel. Nothing here is imported by a map in a notebook.
"""
