"""From WAVE files to samples of 16 bits: where their frames lie, what they mean, and at another rate."""
