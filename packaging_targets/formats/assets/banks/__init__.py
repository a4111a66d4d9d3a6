"""What the banks of a pack hold, and how they are made from pictures and sounds."""
