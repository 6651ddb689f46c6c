"""The front door: what an analyst writes in a notebook, on top of everything else."""
