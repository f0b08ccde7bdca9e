"""`gre check`: whatever can be known before a launch, found out in minutes on a laptop.

findings     severities, and the list that every check writes to
photos       every image decoded in parallel              records    records, answers, labels
coordinates  (0, 0), swapped columns                      duplicates the same photo twice
tokens       image tokens and row lengths                 weights    shapes that a config asks for
model        a model folder against its config            memory     bytes per GPU
duration     steps, tokens, hours                         resources  disk, checkpoint to resume
quarantine   a clean copy of the records                  check      all of it, in order
page         findings as one page
"""
