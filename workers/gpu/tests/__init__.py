"""Run together, in one process: `python -m unittest discover -s tests -t .` in workers/gpu."""
