"""The parts of the side-by-side benchmark. See bench/README.md."""
