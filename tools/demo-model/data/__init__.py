"""Generators of the synthetic world: pictures, clips and conversations, each a pure function of a numpy Generator."""
